//! How commands reach AWS: region, credentials, profiles, and what is said when something of that is missing.

use insta::assert_snapshot;

use crate::command::{CommandLine, file, told};

async fn without_credentials() -> CommandLine {
    let command = CommandLine::new().await;
    command
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
}

#[tokio::test]
async fn without_a_region_it_says_how_to_say_one() {
    let command = CommandLine::new().await.without("AWS_REGION");
    assert_snapshot!(told(&command.run(&["check"]).await), @r"
    --- standard error
    health-gate: no AWS region is configured
    Say one with --region, set AWS_REGION, or run `aws configure`.
    --- exit code 2
    ");
    assert_eq!(
        command.run(&["check", "--region", "eu-west-1"]).await.code,
        Some(0)
    );
}

#[tokio::test]
async fn without_credentials_it_says_where_they_come_from() {
    let command = without_credentials().await;
    assert_snapshot!(told(&command.run(&["check"]).await), @"
    --- standard error
    health-gate: no AWS credentials: the credential provider was not enabled: no credentials found in chain.
    Set AWS_PROFILE or --profile to a profile that works (with SSO, `aws sso login` comes first), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    --- exit code 2
    ");
    assert_eq!(command.calls("DescribeEvents"), (0, 0));
}

#[tokio::test]
async fn half_a_credential_is_none_and_is_not_shown() {
    let command = CommandLine::new().await.without("AWS_ACCESS_KEY_ID");
    for subcommand in ["check", "explain", "status", "doctor", "backtest"] {
        let said = told(&command.run(&[subcommand]).await);
        assert!(!said.contains("SECRETOFSOMEBODY"), "{said}");
        assert!(said.contains("no AWS credentials"), "{said}");
    }
}

#[tokio::test]
async fn a_profile_has_a_region_and_credentials() {
    let command = without_credentials().await;
    let config = file(
        "profile-config",
        "[profile production]\nregion = eu-central-1\n",
    );
    let credentials = file(
        "profile-credentials",
        "[production]\naws_access_key_id = AKIDOFPRODUCTION\naws_secret_access_key = SECRETOFPRODUCTION\n",
    );
    let command = command
        .without("AWS_REGION")
        .with("AWS_CONFIG_FILE", &config)
        .with("AWS_SHARED_CREDENTIALS_FILE", &credentials);
    let ended = command.run(&["check", "--profile", "production"]).await;
    assert_snapshot!(told(&ended), @r"
    clear: no open AWS Health issues in eu-central-1, global
    read 0 events of AWS Health for eu-central-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 0
    ");
    // Who signs is who was named, whatever else is in the environment.
    let both = command
        .with("AWS_ACCESS_KEY_ID", "AKIDOFSOMEBODY")
        .with("AWS_SECRET_ACCESS_KEY", "SECRETOFSOMEBODY");
    both.server
        .with(|sandbox, _| sandbox.iam.put_role("AKIDOFSOMEBODY", Vec::new()));
    let ended = both.run(&["check", "--profile", "production"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert_eq!(both.run(&["check"]).await.code, Some(2), "it may nothing");
    let command = both
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    let by_variable = command.with("AWS_PROFILE", "production");
    assert_eq!(by_variable.run(&["check"]).await.code, Some(0));
}

#[tokio::test]
async fn a_profile_that_does_not_exist_says_what_to_try() {
    let command = without_credentials().await;
    assert_snapshot!(told(&command.run(&["check", "--profile", "nobody"]).await), @"
    --- standard error
    health-gate: the AWS profile `nobody` is not configured
    See which profiles there are: `aws configure list-profiles`. Name one with --profile or AWS_PROFILE.
    --- exit code 2
    ");
}

/// As the AWS CLI: credentials in the environment may be another account's than the profile that
/// was meant.
#[tokio::test]
async fn unknown_profile_is_an_error_despite_credentials() {
    let command = CommandLine::new().await.with("AWS_PROFILE", "nope");
    let ended = command.run(&["check"]).await;
    assert_eq!(ended.code, Some(2));
    assert!(
        ended
            .stderr
            .contains("the AWS profile `nope` is not configured"),
        "{}",
        ended.stderr
    );
    assert_eq!(command.calls("DescribeEvents"), (0, 0));
    let default = command.with("AWS_PROFILE", "default");
    assert_eq!(default.run(&["check"]).await.code, Some(0));
}

#[tokio::test]
async fn region_that_is_none_is_wrong_usage() {
    let command = CommandLine::new().await;
    let ended = command.run(&["check", "--region", "moon"]).await;
    assert_eq!(ended.code, Some(64), "{}", ended.stderr);
    // What the environment says is no argument.
    let command = command.with("AWS_REGION", "moon");
    assert_eq!(command.run(&["check"]).await.code, Some(2));
}

#[tokio::test]
async fn empty_region_does_not_hide_the_default_region() {
    let command = CommandLine::new().await.with("AWS_REGION", "");
    let ended = command.run(&["check"]).await;
    assert!(
        ended.stderr.contains("no AWS region is configured"),
        "{}",
        ended.stderr
    );
    let command = command.with("AWS_DEFAULT_REGION", "eu-west-1");
    let ended = command.run(&["check"]).await;
    assert!(
        ended.stdout.contains("in eu-west-1, global"),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn endpoint_without_a_scheme_is_one_sentence() {
    let command = CommandLine::new()
        .await
        .with("AWS_ENDPOINT_URL", "localhost:4566");
    let ended = command.run(&["check"]).await;
    assert_eq!(ended.code, Some(2));
    let first = ended.stdout.lines().next().unwrap_or_default();
    assert_eq!(
        first,
        "unknown: AWS Health is unavailable: dispatch failure: other: failed to apply endpoint `localhost:4566`: endpoint must contain scheme"
    );
}

/// Nothing listens at the port any more.
#[tokio::test]
async fn an_endpoint_that_nobody_listens_at_is_an_unreadable_aws_health() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let endpoint = format!("http://{}", gone.local_addr().expect("it is bound"));
    drop(gone);
    let command = CommandLine::new().await.with("AWS_ENDPOINT_URL", &endpoint);
    assert_snapshot!(told(&command.run(&["check"]).await), @r"
    unknown: AWS Health is unavailable: dispatch failure: io error: client error (Connect): tcp connect error: Connection refused (os error 111)
    See whether its endpoint can be reached from here (health.us-east-1.amazonaws.com, or what AWS_ENDPOINT_URL says).
    read 0 events of AWS Health for us-east-1, global at hh:mm UTC, endpoint us-east-1, in N ms
    --- exit code 2
    ");
    assert_snapshot!(told(&command.run(&["status"]).await), @r"
    --- standard error
    health-gate: the pipelines cannot be listed: dispatch failure: io error: client error (Connect): tcp connect error: Connection refused (os error 111)
    See whether CodePipeline can be reached in us-east-1, and try again.
    --- exit code 2
    ");
}
