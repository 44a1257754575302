//! The sandbox that the functions work on, plain and behind TLS, and the events that give them work.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_sandbox::codepipeline::{ActionDeclaration, PipelineDeclaration, StageDeclaration};
use aws_sandbox::{HttpServer, Sandbox, Timestamp};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::tls_front::{TlsFront, chain};

const REGION: &str = "us-east-1";
const GATE: &str = "pipeline-gate";
const JOB: &str = include_str!("../../../events/codepipeline-job.json");
const MESSAGE: &str = include_str!("../../../events/sns-codepipeline-action-failed.json");
/// The pipeline in the message's file.
const PIPELINE: &str = "checkout";

/// What a function does with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// It returns it.
    Echo,
    /// It lets a deployment pass.
    Job,
    /// It retries a stage.
    Message,
}

/// How AWS is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    Tls,
}

/// A local AWS.
#[derive(Debug)]
pub(crate) struct Aws {
    server: HttpServer,
    /// As many as AWS has endpoints: a connection to one is of no use for the other.
    health: TlsFront,
    codepipeline: TlsFront,
    bundle: PathBuf,
    jobs: usize,
    messages: usize,
}

impl Aws {
    /// AWS with so many pipelines whose stage the gate has stopped. What it writes, it writes to `folder`.
    pub(crate) async fn start(stopped: usize, folder: &Path) -> io::Result<Self> {
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), sandbox(stopped)).await?;
        let chain = chain(folder).await?;
        Ok(Self {
            health: TlsFront::before(server.address(), chain.clone()).await?,
            codepipeline: TlsFront::before(server.address(), chain).await?,
            server,
            bundle: folder.join("bundle.pem"),
            jobs: 0,
            messages: 0,
        })
    }

    /// The environment in which a function finds this AWS.
    pub(crate) fn environment(&self, way: Way) -> Vec<(&'static str, String)> {
        let bundle = self.bundle.display().to_string();
        let endpoint = |front: &TlsFront| match way {
            Way::Plain => format!("http://{}", self.server.address()),
            Way::Tls => format!("https://localhost:{}", front.port()),
        };
        vec![
            ("AWS_ENDPOINT_URL_HEALTH", endpoint(&self.health)),
            (
                "AWS_ENDPOINT_URL_CODEPIPELINE",
                endpoint(&self.codepipeline),
            ),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "sandbox".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
            ("AWS_SESSION_TOKEN", "sandbox".to_owned()),
            ("SSL_CERT_FILE", bundle.clone()),
            ("AWS_CA_BUNDLE", bundle),
            ("GATE_FUNCTION_NAME", GATE.to_owned()),
            // What is measured is the function, not the waits between its calls.
            ("PACE", "0".to_owned()),
        ]
    }

    /// An event that has not been handled before.
    pub(crate) fn event(&mut self, work: Work) -> Bytes {
        match work {
            Work::Echo => JOB.into(),
            Work::Job => {
                self.jobs += 1;
                let mut event: Value = serde_json::from_str(JOB).expect("the file is ours");
                event["CodePipeline.job"]["id"] =
                    json!(format!("11111111-aaaa-4111-8111-{:012}", self.jobs));
                self.server.with(|sandbox, now| {
                    sandbox.submit_job_event(now, REGION, GATE, event.clone())
                });
                event.to_string().into()
            }
            Work::Message => {
                let name = name_of(self.messages);
                self.messages += 1;
                MESSAGE.replace(PIPELINE, &name).into()
            }
        }
    }

    /// How many calls have come in.
    pub(crate) fn calls(&self) -> usize {
        self.server.look(|sandbox| sandbox.transcript.calls().len())
    }

    /// How many connections there have been over TLS.
    pub(crate) fn connections(&self) -> usize {
        self.health.connections() + self.codepipeline.connections()
    }

    /// How much work of a kind has been done.
    pub(crate) fn done(&self, work: Work) -> usize {
        let operation = match work {
            Work::Echo => return 0,
            Work::Job => "PutJobSuccessResult",
            Work::Message => "RetryStageExecution",
        };
        self.server
            .look(|sandbox| sandbox.transcript.of(operation).count())
    }
}

fn name_of(number: usize) -> String {
    format!("service-{number:05}")
}

#[expect(clippy::disallowed_methods, reason = "functions in real time")]
fn now() -> Timestamp {
    SystemTime::now().into()
}

/// A sandbox in which everything has happened some minutes ago.
fn sandbox(stopped: usize) -> Sandbox {
    let now = now();
    let mut at = Timestamp::from_millis(now.as_millis() - 600_000);
    let mut sandbox = Sandbox::new(11);
    // Nothing of this run's is ever late.
    sandbox.lambda.timeout = Duration::from_secs(3_600);
    for name in (0..stopped).map(name_of) {
        let stages = vec![
            StageDeclaration::new("Source", vec![ActionDeclaration::source("Source")]),
            StageDeclaration::new(
                "Production",
                vec![ActionDeclaration::lambda("HealthGate", GATE, Some(REGION))],
            ),
        ];
        sandbox.create_pipeline(at, REGION, PipelineDeclaration::new(&name, stages));
        sandbox
            .start_execution(at, &name)
            .expect("nothing is going on");
    }
    let end = Timestamp::from_millis(now.as_millis() - 1_000);
    while let Some(next) = sandbox.next_wake_up().filter(|next| *next <= end) {
        at = next;
        sandbox.wake_up(at);
        while let Some(invocation) = sandbox.lambda.take_any(at) {
            let id = &invocation.payload["CodePipeline.job"]["id"];
            let message = "health-gate blocked: 1 open AWS Health issue in us-east-1";
            let details = json!({"type": "JobFailed", "message": message});
            let result = json!({"jobId": id, "failureDetails": details});
            sandbox
                .call(at, "CodePipeline", "PutJobFailureResult", REGION, &result)
                .expect("the job is open");
            sandbox
                .lambda
                .finish(at, &invocation.request_id, Ok(Value::Null));
        }
    }
    sandbox
}
