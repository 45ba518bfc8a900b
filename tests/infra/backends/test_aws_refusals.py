"""The stand-in for AWS refuses what AWS refuses."""

import json
from typing import Any

import pytest

from infra.verifiers import aws_lambda
from tests.standins import aws

ANYTHING = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
ROLE = "arn:aws:iam::123456789012:role/application"


@pytest.fixture
def furnished(account: aws.Account) -> aws.Account:
    """An account with one of everything, so that each refused request lacks nothing else."""
    client = account.elasticache
    network = account.network()
    subnets = network["subnetIds"].split(",")
    client.create_cache_subnet_group(
        CacheSubnetGroupName="subnets", CacheSubnetGroupDescription="two zones", SubnetIds=subnets
    )
    client.create_cache_subnet_group(
        CacheSubnetGroupName="one-zone", CacheSubnetGroupDescription="one zone", SubnetIds=subnets[:1]
    )
    for family in ("redis7", "valkey8"):
        client.create_cache_parameter_group(
            CacheParameterGroupName=family, CacheParameterGroupFamily=family, Description=family
        )
    mode = {"Type": "password", "Passwords": ["0123456789abcdef"]}
    for id_, name in (("default-user", "default"), ("reader", "reader")):
        client.create_user(
            UserId=id_, UserName=name, Engine="redis", AccessString="on ~* +@all", AuthenticationMode=mode
        )
    for id_, engine in (("users", "redis"), ("others", "redis"), ("valkey-users", "valkey")):
        client.create_user_group(UserGroupId=id_, Engine=engine, UserIds=["default-user"])
    for role in ("verifier", "without-a-policy", "application"):
        account.iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(aws_lambda.TRUST))
    policy = account.iam.create_policy(PolicyName="AWSLambdaVPCAccessExecutionRole", PolicyDocument=ANYTHING)
    account.iam.attach_role_policy(RoleName="verifier", PolicyArn=policy["Policy"]["Arn"])
    account.secrets.create_secret(Name="taken", SecretString="first")
    account.secrets.put_secret_value(SecretId="taken", SecretString="second")
    account.secrets.create_secret(Name="deleted", SecretString="first")
    account.secrets.delete_secret(SecretId="deleted", RecoveryWindowInDays=7)
    return account


def requests(account: aws.Account) -> dict[str, dict[str, Any]]:
    """Return a request that AWS takes, for each operation; those that delete are of what is in use."""
    (group,) = account.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["application"]}])[
        "SecurityGroups"
    ]
    key = account.kms.create_key(Policy='{"Statement": [{"Principal": {"Service": "logs.us-east-1.amazonaws.com"}}]}')[
        "KeyMetadata"
    ]["Arn"]
    (before,) = (
        version["VersionId"]
        for version in account.secrets.list_secret_version_ids(SecretId="taken")["Versions"]
        if version["VersionStages"] == ["AWSPREVIOUS"]
    )
    statement = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "*", "Resource": "*"}
    return {
        "CreateReplicationGroup": {
            "ReplicationGroupId": "cache",
            "ReplicationGroupDescription": "a cache",
            "Engine": "redis",
            "EngineVersion": "7.1",
            "CacheNodeType": "cache.t4g.micro",
            "NumCacheClusters": 2,
            "AutomaticFailoverEnabled": True,
            "MultiAZEnabled": True,
            "CacheParameterGroupName": "redis7",
            "CacheSubnetGroupName": "subnets",
            "SecurityGroupIds": [group["GroupId"]],
            "TransitEncryptionEnabled": True,
            "AtRestEncryptionEnabled": True,
            "KmsKeyId": key,
            "UserGroupIds": ["users"],
        },
        "ModifyReplicationGroup": {"ReplicationGroupId": "cache", "ApplyImmediately": True},
        "DecreaseReplicaCount": {"ReplicationGroupId": "cache", "NewReplicaCount": 0, "ApplyImmediately": True},
        "DeleteReplicationGroup": {"ReplicationGroupId": "cache", "FinalSnapshotIdentifier": "taken"},
        "CreateCacheParameterGroup": {
            "CacheParameterGroupName": "new",
            "CacheParameterGroupFamily": "redis7",
            "Description": "new",
        },
        "ModifyCacheParameterGroup": {
            "CacheParameterGroupName": "redis7",
            "ParameterNameValues": [{"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}],
        },
        "DeleteCacheParameterGroup": {"CacheParameterGroupName": "redis7"},
        "DeleteCacheSubnetGroup": {"CacheSubnetGroupName": "subnets"},
        "CreateUser": {
            "UserId": "new",
            "UserName": "new",
            "Engine": "redis",
            "AccessString": "on ~* +@all",
            "AuthenticationMode": {"Type": "password", "Passwords": ["0123456789abcdef"]},
        },
        "DeleteUser": {"UserId": "default-user"},
        "CreateUserGroup": {"UserGroupId": "new", "Engine": "redis", "UserIds": ["default-user"]},
        "DeleteUserGroup": {"UserGroupId": "users"},
        "DeleteSecurityGroup": {"GroupId": group["GroupId"]},
        "CreateSecurityGroup": {"GroupName": "new", "Description": "new", "VpcId": group["VpcId"]},
        "AuthorizeSecurityGroupIngress": {
            "GroupId": group["GroupId"],
            "IpPermissions": [
                {"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
            ],
        },
        "CreateLogGroup": {"logGroupName": "new", "kmsKeyId": key},
        "CreateFunction": {
            "FunctionName": "new",
            "Runtime": "python3.13",
            "Role": "arn:aws:iam::123456789012:role/verifier",
            "Handler": "verify.function.handle",
            "Code": {"ZipFile": b"PK"},
            "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": [group["GroupId"]]},
        },
        "CreateSecret": {"Name": "new", "KmsKeyId": key},
        "PutResourcePolicy": {
            "SecretId": "taken",
            "ResourcePolicy": json.dumps({"Statement": [statement]}),
            "BlockPublicPolicy": True,
        },
        "UpdateSecretVersionStage": {
            "SecretId": "taken",
            "VersionStage": "AWSPREVIOUS",
            "RemoveFromVersionId": before,
        },
        "DeleteSecret": {"SecretId": "taken", "RecoveryWindowInDays": 7},
        "CreateGrant": {"KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt"]},
        "PutParameter": {
            "Name": "/hospitality-redis/REDIS_HOST",
            "Type": "SecureString",
            "Value": "x",
            "KeyId": key,
        },
    }


def send(account: aws.Account, operation: str, request: dict[str, Any]) -> None:
    """Send a request through boto3."""
    # Secrets first: parameters and logs have a PutResourcePolicy of their own.
    clients = (account.secrets, account.parameters, account.kms, account.elasticache)
    for client in (*clients, account.ec2, account.logs, account.functions):
        methods = client.meta.method_to_api_mapping
        for method, name in methods.items():
            if name == operation:
                getattr(client, method)(**{key: value for key, value in request.items() if value is not None})
                return
    raise KeyError(operation)


@pytest.mark.parametrize("operation", sorted({row.operation for row in aws.REFUSALS}))
def test_the_stand_in_refuses_what_aws_refuses(
    furnished: aws.Account, operation: str, subtests: pytest.Subtests
) -> None:
    """Each row of the table, by a request that lacks nothing else; without what breaks it, AWS takes it."""
    taken = requests(furnished)
    if operation != "CreateReplicationGroup":
        creation = taken["CreateReplicationGroup"]
        send(furnished, "CreateReplicationGroup", creation)
        plain = {"ReplicationGroupId": "plain", "TransitEncryptionEnabled": False, "UserGroupIds": None}
        send(furnished, "CreateReplicationGroup", {**creation, **plain})
        furnished.elasticache.create_snapshot(SnapshotName="taken", ReplicationGroupId="cache")
    others = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:*:*:log-group:/others/*"}}
    service = {"Service": "logs.us-east-1.amazonaws.com"}
    locked = furnished.kms.create_key(Policy=json.dumps({"Statement": [{"Principal": service, "Condition": others}]}))[
        "KeyMetadata"
    ]["Arn"]
    rows = [row for row in aws.REFUSALS if row.operation == operation]
    for row in rows:
        with subtests.test(row.words):
            broken = {**taken[operation], **row.breaks}
            broken = {key: locked if value == "a-key-without-logs" else value for key, value in broken.items()}
            with pytest.raises(furnished.elasticache.exceptions.ClientError) as refused:
                send(furnished, operation, broken)
            assert refused.value.response["Error"] == {"Code": row.code, "Message": row.words}
    if all(row.breaks for row in rows):
        send(furnished, operation, taken[operation])


def test_botocore_validates_every_request(furnished: aws.Account) -> None:
    """A parameter that the API does not have ends before moto or the stand-in see it."""
    with pytest.raises(Exception, match='Unknown parameter in input: "Sharding"'):
        furnished.elasticache.describe_user_groups(Sharding=True)
