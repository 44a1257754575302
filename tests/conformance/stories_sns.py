"""CreateTopic, Subscribe and Publish over awsQuery (model; envelope from facts 4.1)."""

import json
import re

from world import ACCOUNT


def delivery(w):
    """What is published reaches a function that is subscribed, in the envelope that SNS puts around it."""
    name, function = w.fresh("topic"), w.fresh("listener")
    topic = w.sns("CreateTopic", Name=name)["TopicArn"]
    w.check("a topic's ARN", re.fullmatch(f"arn:aws:sns:us-east-1:{ACCOUNT}:{name}", topic), topic)
    w.equal("CreateTopic again is the same topic", w.sns("CreateTopic", Name=name).get("TopicArn"), topic)
    account = topic.split(":")[4]
    endpoint = f"arn:aws:lambda:us-east-1:{account}:function:{function}"
    subscription = w.sns("Subscribe", TopicArn=topic, Protocol="lambda", Endpoint=endpoint, ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    w.check(
        "a subscription's ARN is the topic's and an id",
        re.fullmatch(f"{topic}:[0-9a-f-]{{36}}", subscription),
        subscription,
    )
    message = 'a message with <angles> & "quotes", ü and\na second line'
    answer = w.sns("Publish", TopicArn=topic, Message=message, Subject="A subject & more")
    event = w.sandbox.next_invocation(function)
    (record,) = event["Records"]
    w.equal("facts 4.1: the record", (record["EventSource"], record["EventVersion"]), ("aws:sns", "1.0"))
    w.equal("facts 4.1: whose subscription", record["EventSubscriptionArn"], subscription)
    sns = record["Sns"]
    expected = {"Type": "Notification", "MessageId": answer["MessageId"], "TopicArn": topic, "Subject": "A subject & more",
                "Message": message, "MessageAttributes": {}}  # fmt: skip
    w.equal("facts 4.1: the notification", {key: sns.get(key) for key in expected}, expected)
    w.check(
        "facts 4.1: its time", re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", sns.get("Timestamp", "")), sns
    )

    texts = {"default": "for everybody", "lambda": "for functions"}
    w.accepted(
        "a text a protocol", w.sns("Publish", TopicArn=topic, Message=json.dumps(texts), MessageStructure="json")
    )
    sns = w.sandbox.next_invocation(function)["Records"][0]["Sns"]
    w.equal("MessageStructure json: the protocol's own text", sns["Message"], "for functions")
    w.equal("facts 4.1: no subject is null", (sns.get("Subject"), "Subject" in sns), (None, True))


def refusals(w):
    """SNS has its own codes: `NotFound` with status 404, `InvalidParameter` with 400 (model)."""
    topic = w.sns("CreateTopic", Name=w.fresh("topic"))["TopicArn"]
    nowhere = topic + "-nowhere"
    endpoint = "arn:aws:lambda:us-east-1:111122223333:function:listener"
    cases = [
        ("Publish", {"TopicArn": nowhere, "Message": "m"}, "NotFound"),
        ("Publish", {"TopicArn": topic, "Message": ""}, "InvalidParameter"),
        ("Publish", {"Message": "m"}, "InvalidParameter"),
        ("Publish", {"TopicArn": "no-arn", "Message": "m"}, "InvalidParameter"),
        ("Publish", {"TopicArn": topic, "Message": "m", "Subject": "s" * 101}, "InvalidParameter"),
        ("Publish", {"TopicArn": topic, "Message": "m", "Subject": "two\nlines"}, "InvalidParameter"),
        ("Publish", {"TopicArn": topic, "Message": "no JSON", "MessageStructure": "json"}, "InvalidParameter"),
        ("Publish", {"TopicArn": topic, "Message": '{"lambda": "m"}', "MessageStructure": "json"}, "InvalidParameter"),
        ("Publish", {"TopicArn": topic, "Message": "m" * 262_145}, "InvalidParameter"),
        ("Subscribe", {"TopicArn": nowhere, "Protocol": "lambda", "Endpoint": endpoint}, "NotFound"),
        ("Subscribe", {"TopicArn": topic, "Protocol": "pigeon", "Endpoint": endpoint}, "InvalidParameter"),
        ("Subscribe", {"TopicArn": topic, "Protocol": "lambda", "Endpoint": "no-arn"}, "InvalidParameter"),
        ("CreateTopic", {"Name": "not a name"}, "InvalidParameter"),
        ("CreateTopic", {"Name": "n" * 257}, "InvalidParameter"),
        ("CreateTopic", {}, "InvalidParameter"),
    ]
    for operation, members, code in cases:
        shown = {name: value[:40] for name, value in members.items()}
        w.refused(f"{operation} {shown}", w.sns(operation, **members), code)


STORIES = [delivery, refusals]
