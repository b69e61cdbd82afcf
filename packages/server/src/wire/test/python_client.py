"""Calls a stub server with botocore and prints what came back, one JSON object."""
import datetime, io, json, sys
import boto3
import botocore.model
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.utils import PRIORITY_ORDERED_SUPPORTED_PROTOCOLS

endpoint = sys.argv[1]

def client(name, **config):
    return boto3.client(name, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=sys.argv[2],
                        aws_secret_access_key=sys.argv[3], config=Config(retries={"max_attempts": 1, "mode": "standard"}, **config))

def call(function, **arguments):
    try:
        answer = function(**arguments)
    except ClientError as error:
        return {"error": error.response["Error"]["Code"], "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    answer.pop("ResponseMetadata")
    if "Body" in answer:
        answer["Body"] = answer["Body"].read().decode()
    return answer

sqs = client("sqs")
sns = client("sns")
topic = "arn:aws:sns:us-east-1:111122223333:t"
moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
def cloudwatch(protocol):
    """CloudWatch in the protocol that a version of botocore may prefer."""
    botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = (protocol,)
    cloudwatch = client("cloudwatch")
    botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = PRIORITY_ORDERED_SUPPORTED_PROTOCOLS
    return {
        "put": call(cloudwatch.put_metric_data, Namespace="n", MetricData=[{
            "MetricName": "m", "Dimensions": [{"Name": "a", "Value": "b"}], "Timestamp": moment, "Values": [1.5, 2.0], "Counts": [1.0, 3.0], "StorageResolution": 60}]),
        "put_many": call(cloudwatch.put_metric_data, Namespace="n", MetricData=[{"MetricName": "m" * 200, "Value": 1.0} for _ in range(100)]),
        "statistics": call(cloudwatch.get_metric_statistics, Namespace="n", MetricName="m", StartTime=moment, EndTime=moment, Period=60, Statistics=["Sum"]),
        "no_dashboard": call(cloudwatch.get_dashboard, DashboardName="d"),
    }

s3 = client("s3", s3={"addressing_style": "path"})
results = {
    "builds": call(client("codebuild").batch_get_builds, ids=["p:1"]),
    "role": call(client("iam").create_role, RoleName="r", AssumeRolePolicyDocument="{}", Tags=[{"Key": "a", "Value": "1"}]),
    "put": call(s3.put_object, Bucket="a-bucket", Key="a b+\u00fc.txt", Body=b"hello", Metadata={"who": "me"}),
    "stream": call(s3.put_object, Bucket="a-bucket", Key="k", Body=io.BufferedReader(io.BytesIO(b"x" * 100000))),
    "sha256": call(s3.put_object, Bucket="a-bucket", Key="k", Body=b"hello", ChecksumAlgorithm="SHA256"),
    "delete": call(s3.delete_objects, Bucket="a-bucket", Delete={"Objects": [{"Key": "k"}]}),
    "get": call(s3.get_object, Bucket="a-bucket", Key="k"),
    "list": call(s3.list_objects_v2, Bucket="a-bucket"),
    "cloudwatch": {protocol: cloudwatch(protocol) for protocol in ["json", "smithy-rpc-v2-cbor", "query"]},
    "send": call(sqs.send_message_batch, QueueUrl=endpoint + "/111122223333/q", Entries=[
        {"Id": "1", "MessageBody": "b", "MessageAttributes": {"k": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}}]),
    "receive": call(sqs.receive_message, QueueUrl=endpoint + "/111122223333/q", AttributeNames=["SenderId"], MaxNumberOfMessages=10),
    "no_queue": call(sqs.get_queue_url, QueueName="q"),
    "subscribe": call(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint="e", Attributes={"RawMessageDelivery": "true", "FilterPolicy": "{}"}),
    "publish": call(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "1", "Message": "m", "MessageAttributes": {"k": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}, "s": {"DataType": "String", "StringValue": "\u00fc&"}}}]),
    "topic": call(sns.get_topic_attributes, TopicArn=topic),
    "no_topic": call(sns.delete_topic, TopicArn=topic),
    "wrong": call(client("codecommit").get_repository, repositoryName="missing"),
}
print(json.dumps(results, default=str))
