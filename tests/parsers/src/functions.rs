//! Texts that people write for the functions, and those that the functions give to CodePipeline.

use health_gate::{AccountPolicy, Event, HoldState, Override, Policy, PolicyError};

use crate::{NOW, assert_one_line, own_region, texts};

/// The account's policy and an action's `UserParameters`.
pub(crate) fn policy(input: &[u8]) {
    let mut texts = texts(input);
    let (action, account) = (texts.next(), texts.next());
    match read(account, action.as_deref()) {
        Err(error) => {
            assert_one_line(&error.to_string(), 1_500);
            assert!(error.code().starts_with("policy."));
        }
        Ok(policy) => {
            let printed = serde_json::to_string(&policy).expect("JSON");
            // Wherever it stands, and over the defaults: all of it is printed that differs from them.
            for read in [
                read(None, Some(&printed)),
                read(Some(printed.clone()), None),
            ] {
                assert_eq!(read.as_ref(), Ok(&policy), "{printed}");
            }
            let event = Event::new("arn", "EC2", printed);
            assert_eq!(
                policy.matches(&event),
                policy.exclusions(&event).count() == 0
            );
        }
    }
}

fn read(account: Option<String>, action: Option<&str>) -> Result<Policy, PolicyError> {
    AccountPolicy::new(account).for_action(action, &own_region())
}

/// The state of a hold.
pub(crate) fn continuation_token(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match HoldState::read(&text, NOW) {
        Err(error) => assert_one_line(&error.to_string(), 700),
        Ok(hold) => {
            let token = hold.to_token();
            assert!(token.len() <= 2_048, "{} bytes", token.len());
            let again = HoldState::read(&token, NOW).expect("its own token");
            let times = |hold: &HoldState| (hold.since, hold.last_reading, hold.notified);
            assert_eq!(times(&again), times(&hold));
            assert_eq!(again.to_token(), token);
            let policy = Policy::of_region(&own_region());
            assert_one_line(&hold.waiting(&policy), 200);
            assert!(!(hold.has_run_out(&policy, NOW) && hold.is_fresh(&policy, NOW)));
        }
    }
}

/// The override on a pipeline.
pub(crate) fn override_tag(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match Override::read(&text, NOW) {
        Err(error) => assert!(error.code().starts_with("override.")),
        Ok(read) => {
            assert!(read.until > NOW && !read.by.is_empty() && !read.reason.trim().is_empty());
            if let Ok(written) = read.to_tag(NOW) {
                assert_eq!(Override::read(&written, NOW), Ok(read), "{written}");
            }
        }
    }
}
