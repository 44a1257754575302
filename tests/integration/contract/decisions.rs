//! The decision.

use aws_sandbox::ServiceError;
use aws_sandbox::health::Event;
use serde_json::{Value, json};

use super::*;

/// clear | | pass | success, `Verdict` `clear`
#[tokio::test]
async fn clear() {
    let gate = Gate::start().await;
    assert_eq!(gate.job("").await.word, "clear");
    assert_eq!(
        gate.in_pipeline(json!({}), Some(&gate.override_tag()), Run::Release)
            .await
            .word,
        "clear"
    );
    assert_eq!(
        gate.calls("ListTagsForResource") + gate.calls("GetPipelineState"),
        0,
        "a pass asks nothing of the pipeline"
    );
}

/// incident, unknown, or an invalid policy or token | an active override | pass | success, `overridden`, with who, why,
/// until when
#[tokio::test]
async fn overridden() {
    let gate = Gate::start().await;
    let tag = gate.override_tag();
    gate.put(gate.issue());
    let told = gate.in_pipeline(json!({}), Some(&tag), Run::Release).await;
    assert_eq!(told.word, "overridden");
    assert!(
        told.text.contains("OverriddenBy=alice\n")
            && told.text.contains("OverrideReason=INC-42 hotfix\n"),
        "{told:?}"
    );
    assert!(
        told.text.contains(&format!(
            "OverriddenUntil={}:00Z\n",
            &tag["until=".len()..][..16]
        )),
        "{told:?}"
    );
    assert_eq!(
        gate.in_pipeline(json!({"region": 1}), Some(&tag), Run::Release)
            .await
            .word,
        "overridden"
    );
    gate.fail("DescribeEvents", ServiceError::subscription_required());
    assert_eq!(
        gate.in_pipeline(json!({}), Some(&tag), Run::Release)
            .await
            .word,
        "overridden"
    );
    let told = gate
        .in_pipeline(
            json!({}),
            Some("until=2026-01-01T00:00Z by=alice reason=old"),
            Run::Release,
        )
        .await;
    assert_eq!(told.word, "ConfigurationError");
    assert!(
        told.text.contains(
            "note: the pipeline's override is ignored: it expired at 2026-01-01T00:00:00Z"
        ),
        "{told:?}"
    );
}

/// incident or unknown | rollback execution, `onRollback: pass` | pass | success, `rollback`
#[tokio::test]
async fn rollback() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    assert_eq!(
        gate.in_pipeline(json!({"onIncident": "hold"}), None, Run::Rollback)
            .await
            .word,
        "rollback"
    );
    gate.fail(
        "DescribeEvents",
        ServiceError::access_denied("health:DescribeEvents"),
    );
    assert_eq!(
        gate.in_pipeline(json!({}), None, Run::Rollback).await.word,
        "rollback"
    );
    assert_eq!(
        gate.in_pipeline(json!({"region": 1}), None, Run::Rollback)
            .await
            .word,
        "ConfigurationError"
    );
}

/// incident | `onIncident: warn` | pass | success, `warned`; variables list what would have blocked
#[tokio::test]
async fn warned() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    let told = gate.policy(json!({"onIncident": "warn"})).await;
    assert_eq!(told.word, "warned");
    assert!(told.text.contains("IncidentCount=1\n"), "{told:?}");
}

/// incident | `onIncident: hold`, within `maxHold` | hold | success with a continuation token: the action stays in progress
#[tokio::test]
async fn held() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    let policy = json!({"onIncident": "hold", "checkEvery": "0s"});
    let first = gate.policy(policy.clone()).await;
    let second = gate.continued(policy.clone(), &first.text).await;
    assert_eq!(
        (first.word.as_str(), second.word.as_str()),
        ("hold", "hold")
    );
    let since = |told: &Told| {
        serde_json::from_str::<Value>(&told.text).expect("a token")["heldSince"].clone()
    };
    assert_eq!(since(&first), since(&second));
    gate.server.with(|sandbox, now| {
        sandbox.health.close_event(
            now,
            &Event::operational_issue("EC2", "us-east-1", "1", now).arn,
        )
    });
    assert_eq!(
        gate.continued(policy.clone(), &second.text).await.word,
        "clear"
    );
    gate.put(gate.issue());
    let stopped = gate.in_pipeline(policy, None, Run::Stopped).await;
    assert!(
        stopped
            .text
            .starts_with("health-gate blocked: stopped by a person"),
        "{stopped:?}"
    );
}

/// incident | `fail`, or the hold ran out | fail | failure, `JobFailed`
#[tokio::test]
async fn failed() {
    let gate = Gate::start().await;
    gate.put(gate.issue());
    assert_eq!(gate.job("").await.word, "JobFailed");
    assert_eq!(
        gate.continued(json!({"onIncident": "hold"}), &gate.token(HOUR * 4, MINUTE))
            .await
            .word,
        "JobFailed"
    );
}

/// unknown | already holding, within `maxHold` | hold | as above: one throttled read does not end a hold
#[tokio::test]
async fn held_through_an_unknown_reading() {
    let gate = Gate::start().await;
    gate.fail("DescribeEvents", throttled());
    for policy in [json!({"onIncident": "hold"}), json!({"onUnknown": "pass"})] {
        assert_eq!(
            gate.continued(policy.clone(), &gate.token(HOUR, MINUTE))
                .await
                .word,
            "hold"
        );
        assert_eq!(
            gate.continued(policy, &gate.token(HOUR * 4, MINUTE))
                .await
                .word,
            "SystemUnavailable"
        );
    }
    assert!(
        gate.calls("DescribeEvents") >= 4,
        "each round has tried to read"
    );
}

/// unknown | `onUnknown: pass` | pass | success, `unknown`: variables say that nothing was checked
#[tokio::test]
async fn passed_unchecked() {
    let gate = Gate::start().await;
    for error in [
        ServiceError::subscription_required(),
        ServiceError::access_denied("health:DescribeEvents"),
    ] {
        gate.fail("DescribeEvents", error);
        let told = gate.policy(json!({"onUnknown": "pass"})).await;
        assert_eq!(told.word, "unknown");
        assert!(told.text.contains("Verdict=unknown"), "{told:?}");
    }
}

/// unknown (not: no plan, access denied) | `onUnknown: hold`, within `maxHold` | hold | as above
#[tokio::test]
async fn held_while_unknown() {
    let gate = Gate::start().await;
    let policy = json!({"onUnknown": "hold"});
    gate.fail("DescribeEvents", throttled());
    let ran_out = gate
        .continued(policy.clone(), &gate.token(HOUR * 4, MINUTE))
        .await;
    assert!(ran_out.text.contains("and `maxHold` is 4h"), "{ran_out:?}");
    for (error, word) in [
        (ServiceError::new("ValidationException", "broken"), "hold"),
        (ServiceError::subscription_required(), "ConfigurationError"),
        (
            ServiceError::access_denied("health:DescribeEvents"),
            "PermissionError",
        ),
    ] {
        gate.fail("DescribeEvents", error);
        assert_eq!(gate.policy(policy.clone()).await.word, word);
    }
}

/// unknown | otherwise | fail | failure: no support plan is `ConfigurationError`, access denied is `PermissionError`, the
/// rest `SystemUnavailable`
#[tokio::test]
async fn failed_unknown() {
    let gate = Gate::start().await;
    for (error, word) in [
        (ServiceError::subscription_required(), "ConfigurationError"),
        (
            ServiceError::access_denied("health:DescribeEvents"),
            "PermissionError",
        ),
        (throttled(), "SystemUnavailable"),
        (
            ServiceError::new("ValidationException", "broken"),
            "SystemUnavailable",
        ),
    ] {
        gate.fail("DescribeEvents", error);
        let told = gate.job("").await;
        assert_eq!(told.word, word);
        assert!(told.text.starts_with("health-gate unknown: "), "{told:?}");
    }
}

/// an invalid policy or token | otherwise | fail | `ConfigurationError`, `health-gate invalid:`, with the key, the value and
/// what is accepted; a token `SystemUnavailable`, `health-gate unknown:`
#[tokio::test]
async fn invalid() {
    let gate = Gate::start().await;
    let told = gate.policy(json!({"maxHold": "4 hours"})).await;
    assert_eq!(told.word, "ConfigurationError");
    let expected = "health-gate invalid: UserParameters: not a duration in `maxHold`: `4 hours` (did you mean `4h`?); accepted: a duration from 1s to 23h";
    assert!(told.text.starts_with(expected), "{told:?}");
    let told = gate.continued(json!({}), "next").await;
    assert_eq!(told.word, "SystemUnavailable");
    assert!(
        told.text.starts_with(
            "health-gate unknown: the continuation token is not one of this gate: `next`"
        ),
        "{told:?}"
    );
    assert_eq!(gate.calls("DescribeEvents"), 0);
}
