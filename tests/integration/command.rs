//! The program `health-gate`.

use insta::assert_snapshot;

use crate::program::{Ended, Program};

const COMMAND: &str = env!("CARGO_BIN_EXE_health-gate-under-test");

async fn run(arguments: &[&str]) -> Ended {
    Program::start(COMMAND, arguments, &[]).end().await
}

#[tokio::test]
async fn the_demo_plays_its_stories_and_the_same_each_time() {
    let Ended {
        code,
        stdout,
        stderr,
    } = run(&["demo"]).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_snapshot!("demo", stdout);
    assert_eq!(run(&["demo"]).await.stdout, stdout);
}

#[tokio::test]
async fn wrong_usage_is_exit_code_64() {
    for arguments in [&[][..], &["chekc"], &["sandbox", "--port", "no"]] {
        let Ended {
            code,
            stdout,
            stderr,
        } = run(arguments).await;
        assert_eq!((code, stdout.as_str()), (Some(64), ""), "{arguments:?}");
        assert!(!stderr.is_empty());
    }
}

#[tokio::test]
async fn help_and_version_are_data() {
    for arguments in ["--help", "--version"] {
        let Ended {
            code,
            stdout,
            stderr,
        } = run(&[arguments]).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert!(!stdout.is_empty());
    }
}

#[tokio::test]
async fn a_port_that_is_taken_says_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let Ended { code, stderr, .. } = run(&["sandbox", "--port", &port]).await;
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("choose another port with --port"),
        "{stderr}"
    );
}
