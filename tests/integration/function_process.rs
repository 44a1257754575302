//! The functions' programs as Lambda runs them: the Runtime API and AWS over loopback, and nothing else of ours.

use aws_sandbox::{HttpServer, Sandbox};

use crate::in_world::{FUNCTION, RETRY_FUNCTION};
use crate::permissions::put_roles;
use crate::program::Program;

pub(crate) async fn serve() -> HttpServer {
    serve_sandbox(Sandbox::new(3)).await
}

pub(crate) async fn serve_sandbox(mut sandbox: Sandbox) -> HttpServer {
    put_roles(&mut sandbox, "us-east-1");
    HttpServer::bind(([127, 0, 0, 1], 0).into(), sandbox)
        .await
        .expect("loopback has a free port")
}

pub(crate) fn program_of(function: &str) -> &'static str {
    match function {
        FUNCTION => env!("CARGO_BIN_EXE_pipeline-gate-under-test"),
        RETRY_FUNCTION => env!("CARGO_BIN_EXE_stage-retry-under-test"),
        other => panic!("no function {other}"),
    }
}

/// Starts a function's program with what Lambda and the template put into its environment, and `more`.
pub(crate) fn start(server: &HttpServer, function: &str, more: &[(&str, &str)]) -> Program {
    start_by(&[program_of(function)], server, function, more)
}

/// The same by another program, which becomes the function's.
pub(crate) fn start_by(
    command: &[&str],
    server: &HttpServer,
    function: &str,
    more: &[(&str, &str)],
) -> Program {
    let (program, arguments) = command.split_first().expect("a program");
    let address = server.address();
    let runtime_api = format!("http://{address}/lambda/{function}");
    let endpoint = format!("http://{address}");
    let environment = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", function),
        ("AWS_SECRET_ACCESS_KEY", "process"),
        ("GATE_FUNCTION_NAME", FUNCTION),
    ];
    Program::start(program, arguments, &[&environment, more].concat())
}
