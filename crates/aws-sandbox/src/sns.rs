//! SNS: topics, the functions that are subscribed to them, and what is published.

mod create_topic;
mod deliver;
mod publish;
mod subscribe;

use std::collections::BTreeMap;

use crate::ACCOUNT_ID;
use crate::agenda::Agenda;
use crate::lambda::Invoke;
use crate::timestamp::Timestamp;
pub use deliver::Disturbance;
use deliver::Disturbances;
use subscribe::Subscription;

/// The state of SNS.
#[derive(Debug, Default)]
pub struct Sns {
    topics: BTreeMap<String, Vec<Subscription>>,
    /// The keys of the topics that are encrypted.
    keys: BTreeMap<String, String>,
    published: Vec<Published>,
    disturbances: Disturbances,
    on_their_way: Agenda<Invoke>,
}

/// A message that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// When.
    pub at: Timestamp,
    /// The topic's ARN.
    pub topic_arn: String,
    /// `Subject`.
    pub subject: Option<String>,
    /// `Message`, as it stands: for `MessageStructure` `json`, an object with a text a protocol.
    pub message: String,
}

impl Sns {
    /// Creates a topic and returns its ARN.
    pub fn create_topic(&mut self, region: &str, name: &str) -> String {
        let arn = format!("arn:aws:sns:{region}:{ACCOUNT_ID}:{name}");
        self.topics.entry(arn.clone()).or_default();
        arn
    }

    /// Encrypts a topic with a key of KMS.
    pub fn encrypt_topic(&mut self, topic_arn: &str, key_arn: &str) {
        self.keys.insert(topic_arn.to_owned(), key_arn.to_owned());
    }

    /// The ARN of the key that a topic is encrypted with.
    pub(crate) fn key_of(&self, topic_arn: &str) -> Option<&str> {
        self.keys.get(topic_arn).map(String::as_str)
    }

    /// Whether there is a topic of this ARN.
    pub(crate) fn has_topic(&self, arn: &str) -> bool {
        self.topics.contains_key(arn)
    }

    /// What was published, oldest first.
    pub fn published(&self) -> &[Published] {
        &self.published
    }
}
