//! The event with which CodePipeline invokes a function (CodePipeline user guide, "AWS Lambda action reference").
//!
//! The event carries live S3 credentials and perhaps more that is none of our business. Only the strings at the
//! paths below are read; everything else is skipped while parsing, so no value of ours can hold it. And no event
//! is refused: a job that is not answered blocks its stage for 20 minutes, so what is wrong with an
//! event is a reason to fail the job, and not to fail before it.

use std::fmt;

use health_gate::{PolicyError, PolicyOrigin, PolicyProblem, TokenError};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

const JOB_ID: &[&str] = &["CodePipeline.job", "id"];
const ACCOUNT_ID: &[&str] = &["CodePipeline.job", "accountId"];
const CONTINUATION_TOKEN: &[&str] = &["CodePipeline.job", "data", "continuationToken"];
const USER_PARAMETERS: &[&str] = &[
    "CodePipeline.job",
    "data",
    "actionConfiguration",
    "configuration",
    "UserParameters",
];

/// Identifies a job of CodePipeline. Each round of an action that continues has a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobId(String);

impl JobId {
    /// The id as CodePipeline wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the gate needs of a job event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEvent {
    job_id: Member,
    account_id: Member,
    user_parameters: Member,
    continuation_token: Member,
}

impl JobEvent {
    /// The job, if the event names one.
    pub fn job_id(&self) -> Option<JobId> {
        match &self.job_id {
            Member::Text(id) if !id.is_empty() => Some(JobId(id.clone())),
            Member::Text(_) | Member::Absent | Member::Other(_) => None,
        }
    }

    /// The action's `UserParameters`, if it has any.
    ///
    /// # Errors
    /// [`PolicyProblem::NotAString`] when something else stands there, as in an event written by hand.
    pub fn user_parameters(&self) -> Result<Option<&str>, PolicyError> {
        match &self.user_parameters {
            Member::Text(text) => Ok(Some(text)),
            Member::Absent => Ok(None),
            Member::Other(found) => Err(PolicyError {
                origin: PolicyOrigin::UserParameters,
                problem: PolicyProblem::NotAString { found },
            }),
        }
    }

    /// The token that the round before gave to CodePipeline, if this is not the first one.
    ///
    /// # Errors
    /// [`TokenError::Foreign`] when something else than a string stands there.
    pub fn continuation_token(&self) -> Result<Option<&str>, TokenError> {
        match &self.continuation_token {
            Member::Text(text) => Ok(Some(text)),
            Member::Absent => Ok(None),
            Member::Other(found) => Err(TokenError::Foreign((*found).to_owned())),
        }
    }

    /// The account of the job, if the event names one.
    pub fn account_id(&self) -> Option<&str> {
        match &self.account_id {
            Member::Text(id) => Some(id),
            Member::Absent | Member::Other(_) => None,
        }
    }
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Member {
    /// Nothing, or `null`.
    Absent,
    /// A string.
    Text(String),
    /// Something else, by the name of its type: the value itself is not kept.
    Other(&'static str),
}

impl<'de> Deserialize<'de> for JobEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut event = Self {
            job_id: Member::Absent,
            account_id: Member::Absent,
            user_parameters: Member::Absent,
            continuation_token: Member::Absent,
        };
        let wanted = vec![
            (JOB_ID, &mut event.job_id),
            (ACCOUNT_ID, &mut event.account_id),
            (CONTINUATION_TOKEN, &mut event.continuation_token),
            (USER_PARAMETERS, &mut event.user_parameters),
        ];
        // The Lambda runtime never calls the handler for an event that it cannot parse. What was read before the damage
        // is kept, so that the job is answered if its id was.
        let whole = Pick { wanted }.deserialize(deserializer).is_ok();
        if !whole && event.user_parameters == Member::Absent {
            event.user_parameters = Member::Other("text that cannot be read");
        }
        Ok(event)
    }
}

/// Walks a value along the rest of some paths and fills in what stands at their ends.
struct Pick<'m> {
    wanted: Vec<(&'static [&'static str], &'m mut Member)>,
}

impl Pick<'_> {
    /// The value that is being visited is `found`: that is what stands at the paths which end here.
    fn end_here(&mut self, found: &Member) {
        for (path, member) in &mut self.wanted {
            if path.is_empty() {
                **member = found.clone();
            }
        }
    }

    /// No path goes on in this value. What stands where one should go on is not what was asked for, and not nothing.
    fn end_all(&mut self, found: &Member) {
        for (path, member) in &mut self.wanted {
            **member = match found {
                Member::Text(_) if !path.is_empty() => Member::Other("a string"),
                Member::Text(_) | Member::Absent | Member::Other(_) => found.clone(),
            };
        }
    }

    /// The paths that go on at `key`.
    fn follow(&mut self, key: &str) -> Pick<'_> {
        let mut wanted = Vec::new();
        for (path, member) in &mut self.wanted {
            if let Some((first, rest)) = path.split_first()
                && *first == key
            {
                wanted.push((rest, &mut **member));
            }
        }
        Pick { wanted }
    }
}

impl<'de> DeserializeSeed<'de> for Pick<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.wanted.is_empty() {
            return IgnoredAny::deserialize(deserializer).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.end_here(&Member::Other("an object"));
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(self.follow(&key))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.end_all(&Member::Other("a list"));
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        self.end_all(&Member::Text(text.to_owned()));
        Ok(())
    }

    fn visit_bool<E: Error>(mut self, _: bool) -> Result<(), E> {
        self.end_all(&Member::Other("a boolean"));
        Ok(())
    }

    fn visit_i64<E: Error>(mut self, _: i64) -> Result<(), E> {
        self.end_all(&Member::Other("a number"));
        Ok(())
    }

    fn visit_u64<E: Error>(mut self, _: u64) -> Result<(), E> {
        self.end_all(&Member::Other("a number"));
        Ok(())
    }

    fn visit_f64<E: Error>(mut self, _: f64) -> Result<(), E> {
        self.end_all(&Member::Other("a number"));
        Ok(())
    }

    fn visit_unit<E: Error>(mut self) -> Result<(), E> {
        self.end_all(&Member::Absent);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn not_a_string(found: &'static str) -> PolicyError {
        PolicyError {
            origin: PolicyOrigin::UserParameters,
            problem: PolicyProblem::NotAString { found },
        }
    }

    fn read(event: &Value) -> JobEvent {
        serde_json::from_str(&event.to_string()).expect("no JSON is refused")
    }

    fn event_with(user_parameters: &Value) -> Value {
        json!({"CodePipeline.job": {
            "data": {
                "artifactCredentials": {"secretAccessKey": "wJalrXUtnFEMI", "id": "not the job's"},
                "actionConfiguration": {"configuration": {"FunctionName": "gate", "UserParameters": user_parameters}},
            },
            "id": "job-1",
        }})
    }

    #[test]
    fn id_and_user_parameters_are_read_and_nothing_else_is_held() {
        let event = read(&event_with(&json!("us-east-1")));
        assert_eq!(event.job_id(), Some(JobId("job-1".to_owned())));
        assert_eq!(event.user_parameters(), Ok(Some("us-east-1")));
        assert!(!format!("{event:?}").contains("wJalrXUtnFEMI"));
    }

    #[test]
    fn the_job_can_be_answered_whatever_else_is_wrong() {
        for (data, user_parameters) in [
            (json!(null), Ok(None)),
            (json!({}), Ok(None)),
            (json!({"actionConfiguration": null}), Ok(None)),
            // The default policy would check the wrong thing.
            (json!(7), Err(not_a_string("a number"))),
            (json!("x"), Err(not_a_string("a string"))),
            (json!([{"id": "x"}]), Err(not_a_string("a list"))),
            (
                json!({"actionConfiguration": [1, 2]}),
                Err(not_a_string("a list")),
            ),
            (
                json!({"actionConfiguration": {"configuration": 1.5}}),
                Err(not_a_string("a number")),
            ),
        ] {
            let event = read(&json!({"CodePipeline.job": {"data": data, "id": "job-1"}}));
            assert_eq!(event.job_id(), Some(JobId("job-1".to_owned())), "{data}");
            assert_eq!(event.user_parameters(), user_parameters, "{data}");
        }
    }

    #[test]
    fn user_parameters_that_are_no_string_are_an_invalid_policy() {
        for (value, found) in [
            (json!({"regions": []}), "an object"),
            (json!([]), "a list"),
            (json!(true), "a boolean"),
            (json!(-1), "a number"),
            (json!(1), "a number"),
            (json!(0.5), "a number"),
        ] {
            assert_eq!(
                read(&event_with(&value)).user_parameters(),
                Err(not_a_string(found))
            );
        }
    }

    /// As the Lambda runtime reads an event: whatever follows the value is not looked at.
    fn read_bytes(event: &[u8]) -> JobEvent {
        JobEvent::deserialize(&mut serde_json::Deserializer::from_slice(event))
            .expect("no event is refused")
    }

    #[test]
    fn a_damaged_event_is_read_as_far_as_it_goes() {
        let with = |user_parameters: &str| {
            format!(
                r#"{{"CodePipeline.job": {{"id": "job-1", "data": {{"actionConfiguration": {{"configuration": {{"UserParameters": {user_parameters}"#
            )
        };
        for event in [
            with(r#""us-east-1\ud800"}}}}}"#),
            with("1e400}}}}}"),
            with(r#""us-east"#),
            r#"{"CodePipeline.job": {"id": "job-1", "\ud800": 1, "data": {}}}"#.to_owned(),
            r#"{"CodePipeline.job": {"id": "job-1", "data"#.to_owned(),
        ] {
            let event = read_bytes(event.as_bytes());
            assert_eq!(event.job_id(), Some(JobId("job-1".to_owned())));
            assert_eq!(
                event.user_parameters(),
                Err(not_a_string("text that cannot be read"))
            );
        }
        let cut = read_bytes(with(r#""us-east-1""#).as_bytes());
        assert_eq!(cut.user_parameters(), Ok(Some("us-east-1")));
        assert_eq!(read_bytes(b"\xff").job_id(), None);
    }

    #[test]
    fn an_event_without_a_job_id_is_read_all_the_same() {
        for event in [
            json!({}),
            json!([]),
            json!("x"),
            json!({"CodePipeline.job": {"id": ""}}),
            json!({"CodePipeline.job": {"id": 3}}),
        ] {
            assert_eq!(read(&event).job_id(), None, "{event}");
        }
    }
}
