//! AWS as a person reaches it: a profile, a region, and credentials that are looked for before anything is asked.

use anyhow::{Result, anyhow};
use clap::Args;
use health_gate::AccountPolicy;
use health_gate_aws::{
    Clients, Clock, CnameLookUp, Profile, RegionError, Settings, find_credentials, load_sdk_config,
};

use crate::exit_code::WrongUsage;

/// Which account and region are asked.
#[derive(Debug, Clone, Args)]
pub(crate) struct AwsArguments {
    /// A profile of the AWS CLI's configuration [default: AWS_PROFILE].
    #[arg(long, global = true, help_heading = "AWS", value_name = "NAME")]
    profile: Option<String>,
    /// The region of the pipelines [default: AWS_REGION, or the profile's]. AWS Health is asked in its own.
    #[arg(long, global = true, help_heading = "AWS", value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// Clients with credentials.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) clients: Clients,
    /// The policy in the environment, `HEALTH_GATE_POLICY`: the same as the functions'.
    pub(crate) account_policy: AccountPolicy,
}

/// How many calls of CodePipeline a second people may make. More than a sweep: they wait for it.
pub(crate) const PACE: f64 = 20.0;

impl Session {
    /// Makes clients.
    ///
    /// # Errors
    /// If there is no region, or no credentials: what to do about it.
    pub(crate) async fn open(arguments: &AwsArguments) -> Result<Self> {
        let clock = Clock::default();
        let chosen = Profile {
            name: arguments.profile.clone(),
            region: arguments.region.clone(),
        };
        let config = load_sdk_config(&clock, chosen).await.map_err(|error| {
            anyhow!(
                "{error}\nSee which profiles there are: `aws configure list-profiles`. Name one with --profile or AWS_PROFILE."
            )
        })?;
        let clients = Clients::new(&config, CnameLookUp::system).map_err(|error| match error {
            RegionError::Missing => anyhow!(
                "no AWS region is configured\nSay one with --region, set AWS_REGION, or run `aws configure`."
            ),
            RegionError::Invalid(error) => {
                let text = format!("the AWS region is {error}; accepted: a region name like `us-east-1`");
                if arguments.region.is_some() {
                    WrongUsage(text).into()
                } else {
                    anyhow!(text)
                }
            }
        })?;
        find_credentials(&config).await.map_err(|why| {
            let (place, how) = match &arguments.profile {
                Some(profile) => (
                    format!(" in the profile `{profile}`"),
                    format!(
                        "See whether `aws sts get-caller-identity --profile {profile}` works; with SSO, `aws sso login --profile {profile}` comes first."
                    ),
                ),
                None => (
                    String::new(),
                    "Set AWS_PROFILE or --profile to a profile that works (with SSO, `aws sso login` comes first), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.".to_owned(),
                ),
            };
            // What the chain of sources says of each is a line of its own.
            let why = why.trim_end_matches(" Attempted:");
            anyhow!("no AWS credentials{place}: {why}\n{how}")
        })?;
        Ok(Self {
            clients: clients.paced(PACE),
            account_policy: Settings::from_env().account_policy,
        })
    }
}

/// Runs what asks AWS.
pub(crate) fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
