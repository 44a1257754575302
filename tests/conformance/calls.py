"""boto3 clients whose every answer is read off the wire and validated before a story looks at it."""

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

import wire


class Service:
    """One client. Calling it by operation gives a `wire.Answer`, never an exception of boto3.

    Without a report nothing is counted: for calls whose answers are meant to be broken.
    """

    def __init__(self, name, address, report, region="us-east-1", protocol=None, read_timeout=15):
        self.name = name
        self.report = report
        session = boto3.session.Session(
            aws_access_key_id="sandbox", aws_secret_access_key="sandbox", region_name=region
        )
        if protocol is not None:
            # botocore speaks the first protocol that it prefers among those of the model. The loader keeps one copy
            # of the model a session, so leaving only the wanted one there decides.
            model = session._session.get_component("data_loader").load_service_model(name, "service-2")
            if protocol not in model["metadata"]["protocols"]:
                raise ValueError(f"{name} does not speak {protocol}")
            model["metadata"]["protocols"] = [protocol]
        # Bad input has to reach the service, and every call has to be one request.
        config = Config(
            parameter_validation=False,
            retries={"total_max_attempts": 1},
            proxies={},
            connect_timeout=5,
            read_timeout=read_timeout,
        )
        self.client = session.client(name, endpoint_url=address, config=config)
        self.protocol = self.client.meta.service_model.resolved_protocol
        self.client.meta.events.register("before-parse.*.*", self._before_parse)
        self._last = None

    def __call__(self, operation, **members):
        self._last = None
        failure = None
        try:
            getattr(self.client, xform_name(operation))(**members)
        except ClientError:
            pass
        except Exception as error:  # connection faults, and answers that botocore cannot read
            failure = error
        answer = self._last or wire.Answer(operation, 0, {}, b"")
        if failure is not None:
            if self._last is not None and not answer.problems:
                answer.problems.append(f"botocore cannot read it: {failure}")
            answer.failure = failure
        if self.report is not None:
            self.report.saw(self.name, answer)
        return answer

    def _before_parse(self, operation_model, response_dict, **_):
        self._last = wire.validate(
            operation_model,
            self.protocol,
            response_dict["status_code"],
            response_dict["headers"],
            response_dict["body"],
        )
