//! SNS Publish: a notification for people.

use aws_sdk_sns::config::{Builder as Config, Region as SdkRegion};
use health_gate::Notification;
use serde_json::json;

use crate::clients::Clients;
use crate::sdk_error::{NOT_OF_AWS, is_of_aws, text};

/// Publishes a notification: to e-mail as text, to everything else as a message for chats.
///
/// # Errors
/// Why it was not published, for people.
pub async fn publish(
    clients: &Clients,
    topic_arn: &str,
    notification: &Notification,
) -> Result<(), String> {
    let message = json!({
        "default": notification.chat,
        "email": notification.text,
    });
    let request = clients
        .sns
        .publish()
        .topic_arn(topic_arn)
        .subject(&notification.subject)
        .message_structure("json")
        .message(message.to_string());
    // The topic's own region, which need not be the function's.
    let mut config = Config::new();
    if let Some(region) = topic_arn
        .split(':')
        .nth(3)
        .filter(|region| !region.is_empty())
    {
        config = config.region(SdkRegion::new(region.to_owned()));
    }
    let answer = request.customize().config_override(config).send().await;
    match answer {
        Ok(answer) if is_of_aws(&answer) => Ok(()),
        Ok(_) => Err(NOT_OF_AWS.to_owned()),
        Err(error) => Err(text(&error)),
    }
}
