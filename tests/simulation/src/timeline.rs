//! What happened in a world, for a person who wants to know why an invariant does not hold.

use std::fmt::Write;

use aws_sandbox::codepipeline::ExecutionMode;
use aws_sandbox::lambda::Invocation;
use aws_sandbox::sns::Disturbance;
use aws_sandbox::{Call, ServiceError, Timestamp};
use health_gate_aws::LogFormat;
use serde_json::Value;

use crate::functions::Ending;
use crate::invariants::millis;
use crate::plan::{Deed, Idle, Interruption, OverrideTag, Plan, Target};

/// What was done, and which invocations ran, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timeline {
    lines: Vec<(Timestamp, String)>,
}

/// So much of what a call sends or gets is shown.
const LONGEST: usize = 160;

impl Timeline {
    fn add(&mut self, at: Timestamp, text: String) {
        self.lines.push((at, text));
    }

    pub(crate) fn deed(
        &mut self,
        at: Timestamp,
        plan: &Plan,
        deed: &Deed,
        refused: Option<ServiceError>,
    ) {
        let refused = refused.map(|error| format!(" (refused: {})", error.code));
        self.add(
            at,
            format!("{}{}", words(plan, deed), refused.unwrap_or_default()),
        );
    }

    pub(crate) fn begins(
        &mut self,
        at: Timestamp,
        environment: &str,
        invocation: &Invocation,
        interruption: Option<Interruption>,
    ) {
        let subject = match invocation.payload["CodePipeline.job"]["id"].as_str() {
            Some(id) => format!("job {id}"),
            None => invocation.payload["Records"][0]["Sns"]["Message"]
                .as_str()
                .map(signal)
                .unwrap_or_default(),
        };
        let again = match invocation.retries {
            0 => String::new(),
            retries => format!(", try {}", retries + 1),
        };
        let interruption =
            interruption.map(|interruption| format!(", which {interruption}, if it makes that"));
        self.add(
            at,
            format!(
                "  {environment} begins{again}: {subject}{}",
                interruption.unwrap_or_default()
            ),
        );
    }

    pub(crate) fn ends(&mut self, at: Timestamp, environment: &str, ending: Option<&Ending>) {
        let how = match ending {
            None => "is ended by Lambda".to_owned(),
            Some(Ending::Crashed) => "has crashed".to_owned(),
            Some(Ending::Returned(Ok(value))) => format!("returns {}", returned(value)),
            Some(Ending::Returned(Err(error))) => format!("fails with {}", cut(&error.to_string())),
        };
        self.add(at, format!("  {environment} {how}"));
    }

    /// An attempt of an action, as CodePipeline's history tells of it.
    pub(crate) fn action(&mut self, pipeline: &str, row: &Value) {
        let text = |name: &str| words_of(&row[name]);
        let execution: String = text("pipelineExecutionId").chars().take(8).collect();
        let name = format!(
            "CodePipeline: {pipeline} / {} / {}",
            text("stageName"),
            text("actionName")
        );
        let mut add = |time: &str, what: &str| {
            let at = Timestamp::from_millis(millis(&row[time]));
            self.add(at, format!("{name} {what} (execution {execution})"));
        };
        add("startTime", "begins");
        match text("status") {
            "InProgress" => {}
            "Abandoned" => add("lastUpdateTime", "was abandoned"),
            status => add("lastUpdateTime", &format!("has {}", status.to_lowercase())),
        }
    }

    pub(crate) fn settles(&mut self, at: Timestamp) {
        self.add(
            at,
            "nothing goes wrong any more, people let go, and sweeps come".to_owned(),
        );
    }

    /// All lines with the calls between them. A line of a person or of AWS begins at the margin, what a function does is indented.
    pub(crate) fn render(&self, plan: &Plan, calls: &[Call]) -> String {
        let mut text = world(plan);
        let mut calls = calls.iter().peekable();
        let mut lines: Vec<_> = self.lines.iter().collect();
        // What CodePipeline does comes before what it leads to, and what ends before what begins.
        let rank = |line: &str| match line {
            line if !line.starts_with("CodePipeline: ") => 2,
            line if line.contains(" begins ") => 1,
            _ => 0,
        };
        lines.sort_by_key(|(at, line)| (*at, rank(line)));
        for (at, line) in lines {
            while let Some(call) = calls.next_if(|call| call.at < *at) {
                add_call(&mut text, call);
            }
            let _ = writeln!(text, "{at}  {line}");
        }
        calls.for_each(|call| add_call(&mut text, call));
        text
    }
}

fn add_call(text: &mut String, call: &Call) {
    let line = call.to_string();
    // The time, two blanks, the call, what came of it.
    let (at, rest) = line.split_at(line.find("  ").unwrap_or_default());
    let (_, came) = rest.rsplit_once(" -> ").unwrap_or_default();
    let caller = call.caller.as_deref().unwrap_or("somebody");
    let Call {
        service,
        operation,
        region,
        input,
        ..
    } = call;
    let input = match &**operation {
        "PutJobSuccessResult" if input["continuationToken"].is_string() => {
            format!("in progress, {}", input["continuationToken"])
        }
        "PutJobSuccessResult" => format!(
            "{}: {}",
            words_of(&input["outputVariables"]["Verdict"]),
            words_of(&input["executionDetails"]["summary"])
        ),
        "PutJobFailureResult" => {
            let details = &input["failureDetails"];
            let message = words_of(&details["message"]);
            format!(
                "{}: {}",
                words_of(&details["type"]),
                message.lines().next().unwrap_or_default()
            )
        }
        "Publish" => words_of(&input["Subject"]).to_owned(),
        _ => input.to_string(),
    };
    let _ = writeln!(
        text,
        "{at}      {caller}: {service} {operation} ({region}) {} -> {}",
        cut(&input),
        cut(came)
    );
}

fn words_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What a function has returned.
fn returned(value: &Value) -> String {
    let Some(stages) = value["stages"].as_array() else {
        return cut(&value.to_string());
    };
    let mut text = format!(
        "{} pipelines looked at, {} unread",
        value["pipelines"], value["unread"]
    );
    for stage in stages {
        let _ = write!(
            text,
            "; {} / {}: {} ({})",
            words_of(&stage["pipeline"]),
            words_of(&stage["stage"]),
            words_of(&stage["outcome"]),
            words_of(&stage["why"])
        );
    }
    text
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn signal(message: &str) -> String {
    let message: Value = serde_json::from_str(message).unwrap_or_default();
    let kind = message["detail-type"]
        .as_str()
        .or(message["detailType"].as_str());
    let kind = kind.unwrap_or("a message of nobody");
    let detail = &message["detail"];
    let subject = detail["pipeline"].as_str().or(detail["eventArn"].as_str());
    subject.map_or_else(|| kind.to_owned(), |subject| format!("{kind} of {subject}"))
}

/// What the world is.
fn world(plan: &Plan) -> String {
    let mut text = format!("seed {}: functions in {}", plan.seed, plan.regions.home);
    if let Some(policy) = plan.account_policy.text() {
        let _ = write!(text, ", HEALTH_GATE_POLICY={policy}");
    }
    let _ = writeln!(
        text,
        ", GATE_FUNCTION_NAME=\"{}\", PIPELINES=\"{}\", PACE={}, {} stage-retry at a time, logs as {}; AWS Health: at most {} events a page, the \
         active endpoint's look-up is {}, the passive one is {} s behind; incidents that are open in the end {}",
        plan.gates,
        plan.scanned.map_or("*", |(pipelines, _)| pipelines),
        plan.pace,
        plan.retries_at_once,
        match plan.log_format {
            LogFormat::Json => "JSON",
            LogFormat::Text => "text",
        },
        plan.page,
        plan.look_up,
        plan.lag.as_secs(),
        if plan.incidents_end {
            "end"
        } else {
            "never end"
        }
    );
    for pipeline in &plan.pipelines {
        let mode = match pipeline.mode {
            ExecutionMode::Superseded => "SUPERSEDED",
            ExecutionMode::Queued => "QUEUED",
            ExecutionMode::Parallel => "PARALLEL",
        };
        let _ = write!(text, "pipeline {} ({mode})", pipeline.name);
        if let Some((of, _)) = plan.notified_of {
            let _ = write!(text, ", with a notification rule of {of}");
        }
        let _ = writeln!(text);
        for (stage, actions) in &pipeline.stages {
            for action in actions {
                let _ = writeln!(text, "  {stage} / {action}");
            }
        }
    }
    text
}

fn words(plan: &Plan, deed: &Deed) -> String {
    let name = |pipeline: &usize| plan.pipelines[*pipeline].name;
    let place = |target: &Target| {
        let (pipeline, stage) = plan.names(*target);
        format!("{stage} of {pipeline}")
    };
    match deed {
        Deed::Write { incident, version } => {
            let incident = &plan.incidents[*incident];
            let version = incident.versions[*version];
            let end = match version.end {
                None => String::new(),
                Some(0) => ", ended now".to_owned(),
                Some(after @ 1..) => format!(", which will end in {after} s"),
                Some(before) => format!(", ended {} s ago", -before),
            };
            let stray = if incident.is_stray {
                ", shown whatever is asked for"
            } else {
                ""
            };
            format!(
                "AWS Health writes {}: {}{end}{stray}",
                incident.arn(),
                version.status
            )
        }
        Deed::Release(pipeline) => format!("a person releases {}", name(pipeline)),
        Deed::Retry { target, all } => {
            let actions = if *all { "all" } else { "failed" };
            format!("a person retries {actions} actions of {}", place(target))
        }
        Deed::Stop { pipeline, abandon } => {
            format!(
                "a person stops {}{}",
                name(pipeline),
                if *abandon {
                    ", and abandons its actions"
                } else {
                    ""
                }
            )
        }
        Deed::RollBack(target) => format!("a person rolls {} back", place(target)),
        Deed::Freeze(target) => {
            format!("a person disables the transition into {}", place(target))
        }
        Deed::Thaw(target) => format!("a person enables the transition into {}", place(target)),
        Deed::Override(pipeline, tag) => {
            let how = match tag {
                OverrideTag::Minutes(minutes) => format!(
                    "overrides the gate of {} for {minutes} minutes",
                    name(pipeline)
                ),
                OverrideTag::Expired => {
                    format!("writes an override of {} that is over", name(pipeline))
                }
                OverrideTag::Malformed => format!(
                    "writes an override of {} that nobody can read",
                    name(pipeline)
                ),
                OverrideTag::TooLong => {
                    format!("writes an override of {} for a month", name(pipeline))
                }
            };
            format!("a person {how}")
        }
        Deed::RemoveOverride(pipeline) => {
            format!("a person removes the override of {}", name(pipeline))
        }
        Deed::Sweep => "the schedule sends a sweep".to_owned(),
        Deed::Rumour(pipeline) => format!("somebody says that {} has failed", name(pipeline)),
        Deed::Idle(idle) => {
            let what = match idle {
                Idle::Unknown => "of nobody",
                Idle::Open => "of an incident that has begun",
                Idle::Backup => "that the other region tells once more",
                Idle::FurtherPage => "that is the second page",
                Idle::OtherAccount => "of another account",
                Idle::OtherRegion => "of another region's pipeline",
                Idle::Success => "of a success",
            };
            format!("a message {what} comes, which calls for nothing")
        }
        Deed::Redeliver(function) => format!(
            "Lambda delivers the last event of {} once more",
            function.name()
        ),
        Deed::Fail {
            operation,
            region,
            fault,
            calls,
        } => {
            let place = region
                .map(|region| format!(" in {region}"))
                .unwrap_or_default();
            format!(
                "from now on {calls} calls of {operation}{place} meet: {}",
                fault.name()
            )
        }
        Deed::Limit {
            operation,
            calls_a_second,
        } => format!("{operation} takes {calls_a_second} calls a second"),
        Deed::Disturb {
            disturbance,
            deliveries,
        } => {
            let how = match disturbance {
                Disturbance::Twice => "come twice".to_owned(),
                Disturbance::Late(by) => format!("come {} s late", by.as_secs()),
                Disturbance::Retried(times) => format!("come at their try number {}", times + 1),
                Disturbance::Lost => "get lost".to_owned(),
            };
            format!("the next {deliveries} messages {how}")
        }
        Deed::Interrupt(function, interruption) => {
            format!("the next invocation of {} {interruption}", function.name())
        }
        Deed::TimeOut(timeout) => format!("invocations may take {} s", timeout.as_secs()),
        Deed::FailOver(endpoint) => format!("AWS Health's active endpoint is {endpoint}"),
    }
}
