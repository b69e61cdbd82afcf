"""Calls a stub server with botocore and prints what came back, one JSON object."""
import io, json, sys
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

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
    "wrong": call(client("codecommit").get_repository, repositoryName="missing"),
}
print(json.dumps(results, default=str))
