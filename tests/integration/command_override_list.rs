//! `health-gate override list` and `clear`.

use std::time::Duration;

use insta::assert_snapshot;

use crate::command::told;
use crate::command_override::with_pipelines;
use crate::story::gated;

const TAG: &str = "health-gate:override";

#[tokio::test]
async fn the_list_says_which_are_in_force_and_why_others_are_not() {
    let command = with_pipelines(
        ["malformed", "expired", "in-force", "none"]
            .map(gated)
            .into(),
    )
    .await;
    command.server.with(|sandbox, now| {
        let until = (now + Duration::from_hours(50))
            .to_string()
            .replacen(' ', "T", 1);
        let tags = [
            ("malformed", "INC-42".to_owned()),
            (
                "expired",
                "until=2026-01-02T03:04Z by=bob reason=INC-41".to_owned(),
            ),
            (
                "in-force",
                format!("until={}Z by=alice reason=INC-42 hotfix", &until[..16]),
            ),
        ];
        for (pipeline, value) in tags {
            sandbox.codepipeline.tag(pipeline, TAG, &value);
        }
    });
    assert_snapshot!(told(&command.run(&["override", "list"]).await), @r"
     PIPELINE   UNTIL                 BY     REASON
     expired    not in force                 it expired at YYYY-MM-DDThh:mm:ssZ: `until=2026-01-02T03:04Z by=bob reason=INC-41`
     in-force   YYYY-MM-DD hh:mm UTC  alice  INC-42 hotfix
     malformed  not in force                 no `until=` at the beginning in `INC-42`; accepted: `until=2026-11-23T18:00Z by=alice reason=INC-42 hotfix`, in this order, with single spaces
    --- exit code 0
    ");
    for columns in [80, 140] {
        let shown = command
            .run_at_terminal(columns, &["override", "list"])
            .await;
        assert_snapshot!(format!("override-list-{columns}-columns"), shown.screen());
    }
    let json = command.run(&["override", "list", "--format", "json"]).await;
    assert_snapshot!("override-list-json", told(&json));

    let clear = ["override", "clear", "--pipelines", "*", "--yes"];
    assert_snapshot!(told(&command.run(&clear).await), @"
    4 pipelines without an override
    --- standard error
    in us-east-1, account 111122223333:
    expired, in-force, malformed, none
    --- exit code 0
    ");
    assert_snapshot!(told(&command.run(&["override", "list"]).await), @r"
    no pipeline with a gate has an override
    --- exit code 0
    ");
}
