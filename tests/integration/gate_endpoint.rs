//! Which of AWS Health's endpoints is asked, and what an answer of the other one is worth.

use std::net::SocketAddr;
use std::time::Duration;

use aws_sandbox::{Fault, ServiceError, World};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use health_gate_aws::{Clients, CnameLookUp, Settings};
use tokio::net::UdpSocket;

use crate::in_world::{GateWorld, RETRY_FUNCTION, START, ec2_issue, failure, verdict};
use crate::story::{ALWAYS, Story, gated, outcomes};

/// The passive endpoint shows nothing of what these stories tell.
const LAG: Duration = Duration::from_hours(1);

fn found(target: &'static str) -> CnameLookUp {
    CnameLookUp::with(async move |_| Ok(target.to_owned()))
}

fn after(wait: Duration, target: &'static str) -> CnameLookUp {
    CnameLookUp::with(move |_| async move {
        tokio::time::sleep(wait).await;
        Ok(target.to_owned())
    })
}

const OHIO: &str = "health.us-east-2.amazonaws.com.";
const VIRGINIA: &str = "health.us-east-1.amazonaws.com.";

fn gate(look_up: CnameLookUp) -> GateWorld {
    GateWorld::with("us-east-1", Settings::default(), look_up)
}

/// Region and time of each reading.
fn readings(gate: &GateWorld) -> Vec<String> {
    let transcript = gate.transcript();
    let lines = transcript
        .lines()
        .filter(|line| line.contains("DescribeEvents"));
    lines
        .map(|line| {
            line.split(" {")
                .next()
                .unwrap_or_default()
                .replace("DescribeEvents ", "")
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_usual_endpoint_is_asked_at_once_and_the_look_up_costs_nothing() {
    let gate = gate(after(Duration::from_millis(15), VIRGINIA));
    assert_eq!(verdict(gate.job("us-east-1").await), "clear");
    assert_eq!(readings(&gate), ["0.01 us-east-1"]);
    assert!(
        gate.time_left() >= Duration::from_millis(29_960),
        "{:?} left",
        gate.time_left()
    );
}

/// After a failover the old endpoint still answers, with data that is behind.
#[tokio::test(start_paused = true)]
async fn after_a_failover_the_active_endpoint_is_asked_and_the_first_answer_is_discarded() {
    for wait in [0, 15, 200] {
        let gate = gate(after(Duration::from_millis(wait), OHIO));
        gate.world.with(|sandbox, _| {
            "us-east-2".clone_into(&mut sandbox.health.active);
            sandbox.health.replication_lag = LAG;
        });
        gate.put_event(ec2_issue("1"));
        let (_, message) = failure(gate.job("us-east-1").await);
        assert!(
            message.starts_with("health-gate blocked: 1 open"),
            "{message}"
        );
        assert!(!message.contains("may be behind"), "{message}");
        assert_eq!(
            readings(&gate)
                .last()
                .map(|line| line.ends_with("us-east-2")),
            Some(true),
            "{:?}",
            readings(&gate)
        );
    }
}

/// What is known already costs no reading that would be thrown away.
#[tokio::test(start_paused = true)]
async fn a_look_up_that_answers_from_its_cache_begins_no_other_reading() {
    let gate = gate(found(OHIO));
    assert_eq!(verdict(gate.job("us-east-1").await), "clear");
    assert_eq!(readings(&gate), ["0.01 us-east-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_fails_or_is_slow_leaves_the_usual_endpoint() {
    let failing = CnameLookUp::with(async |_| Err("no name server".to_owned()));
    for look_up in [
        failing,
        after(Duration::from_secs(5), OHIO),
        found("elsewhere.example.com."),
        found(""),
    ] {
        let gate = gate(look_up);
        assert_eq!(verdict(gate.job("us-east-1").await), "clear");
        assert_eq!(readings(&gate), ["0.01 us-east-1"]);
        assert!(
            gate.time_left() >= Duration::from_millis(29_650),
            "{:?} left",
            gate.time_left()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_other_endpoint_is_asked_when_the_active_one_is_down_and_may_be_behind() {
    for fault in [
        Fault::Error(ServiceError::internal_failure()),
        Fault::Silence,
        Fault::NoConnection("connection refused"),
    ] {
        let gate = gate(found(VIRGINIA));
        gate.put_event(ec2_issue("1"));
        gate.world
            .with(|sandbox, _| sandbox.fail_in("us-east-1", "DescribeEvents", fault, ALWAYS));
        let (failure_type, message) = failure(gate.job("us-east-1").await);
        assert_eq!(failure_type, "JobFailed");
        assert!(
            message.contains(
                "\nnote: AWS Health was read at its endpoint in us-east-2, which may be behind\n"
            ),
            "{message}"
        );
    }
}

/// These are about the caller: the other endpoint would say the same, and be asked once more.
#[tokio::test(start_paused = true)]
async fn the_other_endpoint_is_not_asked_after_throttling_a_denial_or_without_a_plan() {
    let mut unavailable_for_you = ServiceError::throttling();
    unavailable_for_you.status = "503".parse().expect("a status");
    for error in [
        unavailable_for_you,
        ServiceError::throttling(),
        ServiceError::access_denied("health:DescribeEvents"),
        ServiceError::subscription_required(),
    ] {
        let gate = gate(found(VIRGINIA));
        gate.world.with(|sandbox, _| {
            sandbox.fail_in("us-east-1", "DescribeEvents", Fault::Error(error), ALWAYS)
        });
        failure(gate.job("us-east-1").await);
        assert!(
            readings(&gate)
                .iter()
                .all(|line| line.ends_with("us-east-1")),
            "{:?}",
            readings(&gate)
        );
    }
}

/// An endpoint that answers is not abandoned for having much to say.
#[tokio::test(start_paused = true)]
async fn a_slow_endpoint_that_answers_is_read_to_its_end() {
    let gate = gate(found(VIRGINIA));
    for number in 0..201 {
        gate.put_event(ec2_issue(&number.to_string()));
    }
    gate.world.with(|sandbox, _| {
        sandbox.fail(
            "DescribeEvents",
            Fault::Late(Duration::from_millis(4_500)),
            ALWAYS,
        );
    });
    let (_, message) = failure(gate.job("us-east-1").await);
    assert!(
        message.starts_with("health-gate blocked: 201 open"),
        "{message}"
    );
    assert!(!message.contains("there may be more"), "{message}");
    assert!(
        readings(&gate)
            .iter()
            .all(|line| line.ends_with("us-east-1")),
        "{:?}",
        readings(&gate)
    );
}

/// What the active endpoint showed before it failed counts, although the other one does not show it yet.
#[tokio::test(start_paused = true)]
async fn an_incident_that_the_active_endpoint_showed_is_one() {
    let gate = gate(found(VIRGINIA));
    gate.world
        .with(|sandbox, _| sandbox.health.replication_lag = LAG);
    for number in 0..101 {
        gate.put_event(ec2_issue(&number.to_string()));
    }
    gate.world.with(|sandbox, _| {
        sandbox.fail_in(
            "us-east-1",
            "DescribeEvents",
            Fault::NoConnection("connection reset by peer"),
            1..100,
        )
    });
    let (_, message) = failure(gate.job("us-east-1").await);
    assert!(
        message.starts_with("health-gate blocked: 100 open"),
        "{message}"
    );
}

/// A clear reading of the passive endpoint lets a job pass, but no stopped stage go on.
#[tokio::test(start_paused = true)]
async fn stage_retry_does_not_rely_on_the_passive_endpoint() {
    let story = Story::of(vec![gated("checkout")]).await;
    story.close_the_issue();
    story.0.world.with(|sandbox, _| {
        sandbox.fail_in(
            "us-east-1",
            "DescribeEvents",
            Fault::NoConnection("connection refused"),
            ALWAYS,
        )
    });
    assert_eq!(
        outcomes(&story.sweep().await),
        [
            "checkout/Production unknown: AWS Health is clear at the endpoint that is not active, whose data may be behind"
        ]
    );
    assert_eq!(
        story
            .0
            .world
            .with(|sandbox, _| sandbox
                .lambda
                .finished()
                .last()
                .map(|done| done.invocation.function.clone()))
            .as_deref(),
        Some(RETRY_FUNCTION)
    );
}

/// A name server that sends such answers to each query, one after the other.
async fn name_server(answers: fn(&[u8]) -> Vec<Vec<u8>>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = socket.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            for answer in answers(&query[..length]) {
                socket
                    .send_to(&answer, from)
                    .await
                    .expect("loopback takes it");
            }
        }
    });
    address
}

/// The answer to a query (RFC 1035, section 4): the same id and question, and one CNAME record.
fn cname_answer(query: &[u8]) -> Vec<u8> {
    const HEADER: usize = 12;
    let name = query[HEADER..]
        .iter()
        .position(|length| *length == 0)
        .expect("a name ends");
    let question = &query[HEADER..HEADER + name + 5];
    assert!(
        question.starts_with(b"\x06global\x06health\x09amazonaws\x03com\x00\x00\x05"),
        "{question:?}"
    );
    let target = b"\x06health\x09us-east-2\x09amazonaws\x03com\x00";
    let mut answer = query[..2].to_vec();
    // A response, recursion desired and available; one question, one answer.
    answer.extend([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    answer.extend(question);
    // The name of the question, CNAME, IN.
    answer.extend([0xc0, 0x0c, 0, 5, 0, 1]);
    answer.extend(600_u32.to_be_bytes());
    answer.extend(
        u16::try_from(target.len())
            .expect("a short name")
            .to_be_bytes(),
    );
    answer.extend(target);
    answer
}

/// The answer of a name server that has no such record.
fn empty_answer(query: &[u8]) -> Vec<u8> {
    let mut answer = cname_answer(query);
    // Of the answers that follow the question, there are none.
    answer[7] = 0;
    answer
}

/// What is no answer to the question, and then the answer.
fn noise_and_answer(query: &[u8]) -> Vec<Vec<u8>> {
    let mut foreign = empty_answer(query);
    foreign[0] = !foreign[0];
    // The query itself is no response.
    vec![
        b"noise".to_vec(),
        foreign,
        query.to_vec(),
        cname_answer(query),
    ]
}

/// A record of another name, with the target in it.
fn answer_about_another(query: &[u8]) -> Vec<u8> {
    let mut answer = cname_answer(query);
    let record = query.len();
    // The name is the question's without its first label.
    answer[record + 1] += 7;
    answer
}

/// A name server that refuses: what it sends besides counts for nothing.
fn refusal(query: &[u8]) -> Vec<u8> {
    let mut answer = cname_answer(query);
    answer[3] |= 5;
    answer
}

#[tokio::test]
async fn a_cname_is_looked_up_at_all_name_servers() {
    const NAME: &str = "global.health.amazonaws.com.";
    let silent = name_server(|_| Vec::new()).await;
    let without = name_server(|query| vec![empty_answer(query)]).await;
    let knows = name_server(noise_and_answer).await;
    for servers in [vec![knows], vec![silent, without, knows]] {
        let found = CnameLookUp::by_servers(servers).target(NAME).await;
        assert_eq!(found.as_deref(), Ok("health.us-east-2.amazonaws.com"));
    }
    assert_eq!(
        CnameLookUp::by_servers(vec![without]).target(NAME).await,
        Err(format!(
            "name server {without}: global.health.amazonaws.com has no CNAME record"
        ))
    );
    let another = name_server(|query| vec![answer_about_another(query)]).await;
    assert_eq!(
        CnameLookUp::by_servers(vec![another]).target(NAME).await,
        Err(format!(
            "name server {another}: global.health.amazonaws.com has no CNAME record"
        ))
    );
    let refuses = name_server(|query| vec![refusal(query)]).await;
    assert_eq!(
        CnameLookUp::by_servers(vec![refuses]).target(NAME).await,
        Err(format!("name server {refuses}: it answers Refused"))
    );
    assert_eq!(
        CnameLookUp::by_servers(Vec::new()).target(NAME).await,
        Err("there is no name server".to_owned())
    );
}

/// An endpoint in the environment is asked and nothing else: no look-up is even made.
#[tokio::test(start_paused = true)]
async fn a_configured_endpoint_needs_no_look_up() {
    /// What the SDK reads of `AWS_ENDPOINT_URL_HEALTH`.
    #[derive(Debug)]
    struct OfHealth;
    impl LoadServiceConfig for OfHealth {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            let is_meant = key.env() == "AWS_ENDPOINT_URL" && key.service_id() == "Health";
            is_meant.then(|| "http://127.0.0.1:4566".to_owned())
        }
    }
    let world = World::new(START, 1);
    let of_all = world
        .sdk_config("us-east-1")
        .to_builder()
        .endpoint_url("http://127.0.0.1:4566")
        .build();
    let of_health = world
        .sdk_config("us-east-1")
        .to_builder()
        .service_config(OfHealth)
        .build();
    for config in [of_all, of_health] {
        Clients::new(&config, || panic!("no look-up is made")).expect("the region is one");
    }
}
