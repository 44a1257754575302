"""The gate that people write today: open issues of AWS Health stop the action, anything else lets it pass."""

import json
import logging

import boto3

logging.getLogger().setLevel(logging.INFO)
health = boto3.client("health", region_name="us-east-1")
codepipeline = boto3.client("codepipeline")


def handler(event, context):
    job = event["CodePipeline.job"]
    try:
        configuration = job["data"]["actionConfiguration"]["configuration"]
        regions = json.loads(configuration["UserParameters"])["regions"]
        issues = open_issues(regions)
        if issues:
            services = ", ".join(sorted({issue["service"] for issue in issues}))
            fail(job, context, f"{len(issues)} open AWS Health issues in {', '.join(regions)}: {services}")
        else:
            codepipeline.put_job_success_result(jobId=job["id"])
            logging.info("no open AWS Health issue in %s", ", ".join(regions))
    except Exception as error:
        logging.exception("the gate failed")
        fail(job, context, str(error))


def open_issues(regions):
    only = {"eventStatusCodes": ["open"], "eventTypeCategories": ["issue"], "regions": regions}
    pages = health.get_paginator("describe_events").paginate(filter=only)
    return [event for page in pages for event in page["events"]]


def fail(job, context, message):
    details = {"type": "JobFailed", "message": message, "externalExecutionId": context.aws_request_id}
    codepipeline.put_job_failure_result(jobId=job["id"], failureDetails=details)
