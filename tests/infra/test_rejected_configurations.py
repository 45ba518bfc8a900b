"""Configurations that are refused before anything is created, of every backend, each with what its user reads."""

import re

import pytest

from infra import settings
from infra.backends import BACKENDS
from infra.backends.elasticache.settings import ElastiCacheSettings
from infra.backends.rediscloud.settings import RedisCloudSettings
from infra.settings import InvalidSettings
from tests.soak import Soak

NETWORK = {
    "vpcId": "vpc-0123456789abcdef0",
    "subnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "applicationSecurityGroupIds": "sg-0123456789abcdef0",
}
AWS = {"backend": "elasticache", "tier": "staging", **NETWORK}
PROD = {**AWS, "tier": "prod"}
MAIN = "projects/my-project/global/networks/main"
GOOGLE = {
    "gcp:project": "my-project",
    "gcp:region": "us-central1",
    "backend": "memorystore",
    "tier": "prod",
    "network": MAIN,
    "privateServiceAccess": "adopt",
}
KEY = "projects/my-project/locations/europe-west1/keyRings/ring/cryptoKeys/key"

AWS_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
MULTI_REGION_KEY = "arn:aws:kms:us-east-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"

FREE = {"backend": "rediscloud", "tier": "dev", "acceptPlainText": "true", "acceptAnyAddress": "true"}
PAID = {"backend": "rediscloud", "tier": "staging", "paymentMethodId": "30949", "sourceCidrs": "203.0.113.0/24"}

PAID_SSM = {**PAID, "sinks": "aws-ssm"}

# What is set, what is said of it, and the command that cures it.
REJECTED: list[tuple[dict[str, str], str, str]] = [
    # Any backend.
    ({}, "cache:backend is not set; it is one of local, docker", "set cache:backend local"),
    ({"backend": "redis"}, 'cache:backend "redis" is not one of', "set cache:backend local"),
    ({"backend": "local", "tier": "live"}, 'cache:tier "live" is not one of', "set cache:tier dev"),
    ({"backend": "local", "tiers": "dev"}, "cache:tiers is no setting; did you mean cache:tier?", "rm cache:tiers"),
    (
        {"backend": "local", "memoryMb": "99"},
        "99 MiB is outside tier dev, which goes from 100 to 1024",
        "set cache:memoryMb",
    ),
    (
        {"backend": "local", "memoryMb": "lots"},
        'cache:memoryMb "lots" will not do: it is not a whole number',
        "set cache:m",
    ),
    ({"backend": "local", "maxmemoryPolicy": "lru"}, 'cache:maxmemoryPolicy "lru" is not one of', "set cache:maxm"),
    ({"backend": "local", "persistence": "aof"}, 'cache:persistence "aof" is not one of', "set cache:persistence"),
    (
        {"backend": "local", "verifyFrom": "there"},
        'cache:verifyFrom "there" is not one of',
        "set cache:verifyFrom auto",
    ),
    *(
        (
            {"backend": backend, "verifyFrom": "aws-lambda"},
            f'cache:verifyFrom "aws-lambda" is inside AWS, and {backend} is not',
            "set cache:verifyFrom auto",
        )
        for backend in ("local", "docker", "memory")
    ),
    *(
        ({"backend": "local", "applicationUrl": url}, f"cache:applicationUrl {said}", "set cache:applicationUrl https:")
        for url, said in (
            ("https://hunter2@app.example", "holds a user or a password before @"),
            ("https://u:hunter2@app.example", "holds a user or a password before @"),
            ("https://app.example/?token=hunter2", "holds a query after ?"),
            ("https://app.example/#hunter2", "holds a fragment after #"),
            ("https://u@app.example/?a#b", "holds a user or a password before @ and a query after ? and a fragment"),
            ("ftp://app.example/hunter2", "is no http or https URL"),
            ("https:///hunter2", "is no http or https URL"),
            ("https://app.example/hunter2 x", "is no http or https URL"),
            ("https://app.example:hunter2", "is no URL"),
            ("https://[hunter2", "is no URL"),
        )
    ),
    # The server on this machine.
    (
        {"backend": "local", "port": "65536"},
        'cache:port "65536" will not do: it is greater than 65535',
        "set cache:port 6379",
    ),
    ({"backend": "local", "folder": ""}, 'cache:folder "" will not do', "set cache:folder ~/cache"),
    (
        {"backend": "local", "nodeType": "cache.t3.micro"},
        "cache:nodeType is a setting of elasticache",
        "rm cache:nodeType",
    ),
    ({"backend": "local", "image": "redis:7"}, "cache:image is a setting of docker", "rm cache:image"),
    # Docker.
    ({"backend": "docker", "port": "0"}, "cache:port 0 will not do for docker", "set cache:port 6379"),
    ({"backend": "docker", "image": "redis"}, 'cache:image "redis" will not do', "set cache:image redis:7-alpine"),
    ({"backend": "docker", "image": "redis:latest"}, 'cache:image "redis:latest" will not do', "set cache:image"),
    ({"backend": "docker", "dockerHost": "host"}, 'cache:dockerHost "host" will not do', "set cache:dockerHost"),
    *(
        (
            {"backend": "docker", "image": image},
            f'cache:image "{image}" will not do: it is not an image with its version',
            "set cache:image redis:7-alpine",
        )
        for image in (
            "a//b:1",
            "/redis:7",
            "redis/:7",
            "redis:7:8",
            "Redis:7",
            "redis..x:7",
            "registry.example:port/redis:7",
            "redis:-7",
            f"redis:{'7' * 129}",
            f"{'a' * 256}:7",
            "redis@sha256:abc",
            "registry.example:5000/redis",
            "registry.example/redis:latest",
        )
    ),
    *(
        ({"backend": "docker", "dockerHost": host}, f'cache:dockerHost "{host}" will not do', "set cache:dockerHost")
        for host in (
            "unix://relative/docker.sock",
            "unix:///",
            "unix:relative",
            "tcp://",
            "tcp://host:99999",
            "tcp://host:0",
            "tcp://host:port",
            "tcp://user@host:2376",
            "tcp://host name:2376",
            "tcp://-host:2376",
            "tcp://1.2.3:2376",
            "tcp://[::1:2376",
            "ssh://you:secret@host",
            "ssh://you@",
            "ssh://you@host?x=1",
            "http://host:2375",
            "host:2375",
        )
    ),
    *(
        (
            {"backend": "docker", "bindAddress": address},
            f'cache:bindAddress "{address}" will not do: it is no address of one machine',
            "set cache:bindAddress 127.0.0.1",
        )
        for address in ("224.0.0.1", "255.255.255.255", "ff02::1")
    ),
    ({"backend": "docker", "bindAddress": "all"}, 'cache:bindAddress "all" will not do', "set cache:bindAddress"),
    ({"backend": "docker", "vpcId": NETWORK["vpcId"]}, "cache:vpcId is a setting of elasticache", "rm cache:vpcId"),
    ({"backend": "docker", "folder": "here"}, "cache:folder is a setting of local", "rm cache:folder"),
    # No cache at all.
    (
        {"backend": "memory", "persistence": "snapshot"},
        '"snapshot" is not what memory can do; it can: none',
        "set cache:p",
    ),
    ({"backend": "memory", "maxmemoryPolicy": "noeviction"}, '"noeviction" is not a policy of memory', "allkeys-lru"),
    ({"backend": "memory", "port": "6379"}, "cache:port is a setting of local and docker", "rm cache:port"),
    # ElastiCache: what only the user can know.
    (
        {"backend": "elasticache", "tier": "prod"},
        "cache:vpcId is not set: VPC of the application",
        "set cache:vpcId vpc-0123456789abc",
    ),
    (
        {"backend": "elasticache", "tier": "prod"},
        "cache:subnetIds is not set: private",
        "set cache:subnetIds subnet-0123",
    ),
    (
        {"backend": "elasticache", "tier": "prod"},
        "cache:applicationSecurityGroupIds is not set: who may connect; or set cache:applicationCidrs",
        "set cache:networkStack organization/cache-network/prod",
    ),
    (
        {**PROD, "networkStack": "a/b/c"},
        "cache:vpcId comes from the stack that cache:networkStack names",
        "rm cache:vpcId",
    ),
    (
        {**PROD, "vpcId": "vpc-1"},
        'cache:vpcId "vpc-1" will not do: it is not the id of a VPC',
        "set cache:vpcId vpc-01",
    ),
    (
        {**PROD, "subnetIds": "subnet-0123456789abcdef0,b"},
        "item 2 is not the id of a subnet",
        "set cache:subnetIds subnet-",
    ),
    (
        {**PROD, "subnetIds": "a,subnet-0123456789abcdef0,b,b"},
        "it names the same twice; item 1 is not the id of a subnet; item 3 is not the id of a subnet; item 4 is not",
        "set cache:subnetIds subnet-",
    ),
    (
        {**PROD, "subnetIds": "subnet-0123456789abcdef0"},
        "one subnet, and replicas need two",
        "set cache:subnetIds subnet-",
    ),
    (
        {**PROD, "subnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef0"},
        "it names the same twice",
        "set cache:subnetIds subnet-",
    ),
    (
        {**PROD, "applicationSecurityGroupIds": "default"},
        "item 1 is not the id of a security group",
        "set cache:applicationSecurityGroupIds sg-",
    ),
    (
        {**PROD, "networkStack": "network"},
        'cache:networkStack "network" will not do: it is not a stack',
        "organization/",
    ),
    (
        {**PROD, "accountId": "1234"},
        "it is not the twelve digits of an AWS account",
        "set cache:accountId 123456789012",
    ),
    # ElastiCache: who may connect.
    (
        {**PROD, "applicationCidrs": "0.0.0.0/0"},
        "item 1 opens the cache to the whole world",
        "set cache:applicationCidrs 10.",
    ),
    (
        {**PROD, "applicationCidrs": "10.0.0.0/16,8.8.8.0/24"},
        "item 2 is not a private network",
        "set cache:applicationC",
    ),
    (
        {**PROD, "applicationCidrs": "0.0.0.0/0,10.0.0.0/16,fd00::/8"},
        "item 1 opens the cache to the whole world; item 3 is not an IPv4 network",
        "set cache:applicationCidrs 10.",
    ),
    ({**PROD, "applicationCidrs": "10.0.0.0/7"}, "item 1 is not a private network", "set cache:applicationCidrs"),
    (
        {**PROD, "applicationCidrs": "10.0.0.1/16"},
        "with no bit set behind its mask",
        "set cache:applicationCidrs 10.0.0.0/16",
    ),
    ({**PROD, "applicationCidrs": "::/0"}, "item 1 is not an IPv4 network", "set cache:applicationCidrs 10.0.0.0/16"),
    # ElastiCache: the engine and its machines.
    ({**PROD, "engine": "memcached"}, 'cache:engine "memcached" is not one of', "set cache:engine redis"),
    ({**PROD, "engineVersion": "7.2"}, "cache:engineVersion is not a version of redis; there are 7.1, 7.0", "n 7.1"),
    ({**PROD, "engineVersion": "7"}, "cache:engineVersion is not a version of redis", "set cache:engineVersion 7.1"),
    ({**PROD, "engine": "valkey", "engineVersion": "7.1"}, "is not a version of valkey; there are 8.2", "n 8.2"),
    ({**PROD, "nodeType": "cache.r7g.larg"}, "cache:nodeType is not a node type that is known", "cache.r7g.large"),
    ({**PROD, "nodeType": "db.r7g.large"}, "cache:nodeType is not a node type that is known", "cache:nodeType"),
    (
        {**PROD, "nodeType": "cache.t3.micro"},
        "cache.t3.micro has 384 MiB for data, after the quarter that AWS keeps, and 4096 MiB are asked for",
        "set cache:nodeType cache.m6g.large",
    ),
    (
        {**PROD, "nodeType": "cache.m7g.large", "memoryMb": "8192"},
        "cache.m7g.large has 4902 MiB for data, after the quarter that AWS keeps, and 8192 MiB are asked for",
        "set cache:nodeType cache.r6g.large",
    ),
    ({**PROD, "nodeType": "cache.r8g.large"}, "cache.r8g.large is not for redis", "set cache:nodeType cache.m6g.large"),
    ({**PROD, "replicas": "0"}, "cache:replicas 0 will not do for tier prod", "set cache:replicas 1"),
    ({**PROD, "replicas": "6"}, "cache:replicas 6 is more than the 5 of elasticache", "set cache:replicas 1"),
    ({**PROD, "replicas": "-1"}, 'cache:replicas "-1" will not do: it is less than 0', "set cache:replicas 1"),
    # ElastiCache: encryption, snapshots and windows.
    ({**PROD, "kmsKeyArn": "alias/cache"}, "it is not the ARN of a key; its id or alias will not do", "arn:aws:kms:"),
    (
        {**PROD, "kmsKeyArn": "1234abcd-12ab-34cd-56ef-1234567890ab"},
        "it is not the ARN of a key; its id or alias will not do",
        "set cache:kmsKeyArn arn:aws:kms:",
    ),
    ({**PROD, "persistence": "none"}, "cache:persistence none will not do for tier prod, which keeps", "snapshot"),
    ({**AWS, "persistence": "append-only"}, '"append-only" is not what elasticache can do', "set cache:persistence"),
    (
        {**PROD, "maintenanceWindow": "Sunday 3am"},
        "it is not of the form",
        "set cache:maintenanceWindow sun:03:00-sun:04:00",
    ),
    ({**PROD, "maintenanceWindow": "sun:03:00-sun:03:30"}, "it is shorter than an hour", "set cache:maintenanceWindow"),
    ({**PROD, "snapshotWindow": "1-2"}, 'it is not of the form "hh:mm-hh:mm"', "set cache:snapshotWindow 01:00-02:00"),
    (
        {**PROD, "snapshotWindow": "02:30-03:30"},
        "it overlaps the maintenance window, sun:03:00-sun:04:00",
        "set cache:snapshotWindow",
    ),
    # The proposal lies in no maintenance window either.
    (
        {**PROD, "maintenanceWindow": "sun:01:00-sun:02:00", "snapshotWindow": "01:30-02:30"},
        'cache:snapshotWindow "01:30-02:30" will not do: it overlaps the maintenance window, sun:01:00-sun:02:00',
        "set cache:snapshotWindow 02:00-03:00",
    ),
    (
        {**PROD, "maintenanceWindow": "sun:00:00-mon:00:00"},
        "it leaves no hour of every day for the snapshot",
        "set cache:maintenanceWindow sun:03:00-sun:04:00",
    ),
    (
        {**PROD, "maintenanceWindow": "sunday", "snapshotWindow": "03:30-04:30"},
        'cache:maintenanceWindow "sunday" will not do: it is not of the form',
        "set cache:maintenanceWindow sun:11:00-sun:12:00",
    ),
    # ElastiCache and AWS's sinks: the region, and what lies in another one.
    *(
        ({**PROD, "aws:region": region}, f'aws:region "{region}" is not a region of AWS', "set aws:region us-east-1")
        for region in ("", "us-east-1a", "US-EAST-1", "useast1", "us-central1", "eu-west", "anything", "us-east-1 ")
    ),
    (
        {"backend": "rediscloud", **PAID_SSM, "aws:region": "Frankfurt"},
        'aws:region "Frankfurt" is not a region of AWS',
        "set aws:region us-east-1",
    ),
    *(
        (
            {**PROD, "aws:region": "eu-west-1", key: AWS_KEY},
            f"cache:{key} lies in us-east-1, and the stack in eu-west-1, where AWS would not take it",
            f"rm cache:{key}",
        )
        for key in ("kmsKeyArn", "secretKmsKeyArn")
    ),
    (
        {**PROD, "aws:region": "cn-north-1", "kmsKeyArn": MULTI_REGION_KEY},
        "cache:kmsKeyArn lies in us-east-1, and the stack in cn-north-1",
        f"set cache:kmsKeyArn {MULTI_REGION_KEY.replace('arn:aws:kms:us-east-1', 'arn:aws-cn:kms:cn-north-1')}",
    ),
    (
        {**PROD, "aws:region": "us-east-1", "kmsKeyArn": AWS_KEY.replace("arn:aws:", "arn:aws-us-gov:")},
        "cache:kmsKeyArn lies in us-east-1, and the stack in us-east-1",
        "rm cache:kmsKeyArn",
    ),
    (
        {**PROD, "aws:region": "us-gov-west-1", "secretReaderRoleArn": "arn:aws:iam::123456789012:role/app"},
        "cache:secretReaderRoleArn lies in the partition aws, and the stack in us-gov-west-1",
        "set cache:secretReaderRoleArn arn:aws-us-gov:iam::123456789012:role/app",
    ),
    (
        {**PROD, "aws:region": "eu-west-1", "kmsKeyArn": "alias/cache"},
        "it is not the ARN of a key",
        "set cache:kmsKeyArn arn:aws:kms:eu-west-1:",
    ),
    *(
        ({**PROD, "kmsKeyArn": arn}, "it is not the ARN of a key", "set cache:kmsKeyArn arn:aws:kms:")
        for arn in (
            AWS_KEY.replace("arn:aws:", "arn:awsome:"),
            AWS_KEY.replace("us-east-1", "nowhere"),
            AWS_KEY.replace("1234abcd-", ""),
        )
    ),
    (
        {**PROD, "applyImmediately": "soon"},
        'cache:applyImmediately "soon" will not do',
        "set cache:applyImmediately true",
    ),
    (
        {**PROD, "port": "6380"},
        "cache:port is a setting of local and docker, and this stack's backend is",
        "rm cache:port",
    ),
    # Memorystore: what only the user can know.
    *(
        ({"backend": "memorystore"}, f"{key} is not set: {said}", f"set {key} {cure}")
        for key, said, cure in (
            ("gcp:project", "project of Google Cloud", "my-project"),
            ("gcp:region", "region of the application", "us-central1"),
            ("cache:network", "full name of the application's VPC network", "projects/my-project/global/networks/"),
            ("cache:privateServiceAccess", "private service access of the network: declare creates it", "adopt"),
        )
    ),
    ({**GOOGLE, "gcp:project": ""}, "gcp:project is not set", "set gcp:project my-project"),
    ({**GOOGLE, "gcp:project": "123456789012"}, 'gcp:project "123456789012" is not the id of a Google', "my-project"),
    ({**GOOGLE, "gcp:region": "us-central1-a"}, "is not a region of Google Cloud; a zone will not do", "us-central1"),
    ({**GOOGLE, "network": "main"}, 'cache:network "main" will not do: it is not a network in full', "projects/my-"),
    (
        {**GOOGLE, "network": f"https://www.googleapis.com/compute/v1/{MAIN}"},
        "it is not a network in full, projects/PROJECT/global/networks/NAME",
        "set cache:network projects/",
    ),
    (
        {**GOOGLE, "privateServiceAccess": "yes"},
        "cache:privateServiceAccess \"yes\" is not one of 'declare' or 'adopt'",
        "set cache:privateServiceAccess adopt",
    ),
    (
        {**GOOGLE, "network": "projects/host-project/global/networks/shared", "privateServiceAccess": "declare"},
        "cache:privateServiceAccess declare would change project host-project, which shares its network with",
        "set cache:privateServiceAccess adopt",
    ),
    ({**GOOGLE, "allocatedRange": "10.0.0.0/29"}, "it is not the name of an allocated range; its", "google-managed-"),
    (
        {**GOOGLE, "privateServiceAccess": "declare", "allocatedRange": "mine"},
        "mine is for cache:privateServiceAccess adopt; declare allocates a range of its own",
        "rm cache:allocatedRange",
    ),
    # Memorystore: Redis, its encryption and its care.
    ({**GOOGLE, "redisVersion": "REDIS_7_2"}, 'cache:redisVersion "REDIS_7_2" is not one of', "cache:redisVersion 7.2"),
    ({**GOOGLE, "redisVersion": "5.0"}, 'cache:redisVersion "5.0" is not one of', "set cache:redisVersion 7.2"),
    ({**GOOGLE, "tls": "prefer"}, 'cache:tls "prefer" will not do: it is neither true nor false', "cache:tls true"),
    (
        {**GOOGLE, "kmsKeyName": "key"},
        "it is not a key in full, projects/PROJECT/locations",
        "set cache:kmsKeyName pro",
    ),
    ({**GOOGLE, "kmsKeyName": f"{KEY}/cryptoKeyVersions/1"}, "without a version", "set cache:kmsKeyName projects/"),
    (
        {**GOOGLE, "kmsKeyName": KEY},
        "cache:kmsKeyName lies in europe-west1, and the cache in us-central1, where its key has to be",
        "set cache:kmsKeyName projects/my-project/locations/us-central1/keyRings/ring/cryptoKeys/key",
    ),
    ({**GOOGLE, "persistence": "append-only"}, '"append-only" is not what memorystore can do; it can', "snapshot"),
    ({**GOOGLE, "persistence": "none"}, "cache:persistence none will not do for tier prod, which keeps", "snapshot"),
    (
        {**GOOGLE, "maintenanceWindow": "sun:03:00-sun:05:00"},
        "it is not one hour, which is as long as Google's always is",
        "set cache:maintenanceWindow sun:03:00-sun:04:00",
    ),
    ({**GOOGLE, "maintenanceWindow": "sunday"}, "it is not of the form", "set cache:maintenanceWindow sun:"),
    ({**GOOGLE, "deletionProtection": "maybe"}, 'cache:deletionProtection "maybe" will not do', "Protection true"),
    ({**GOOGLE, "memoryMb": "9000"}, "9000 MiB is outside tier prod, which goes from 4096 to 8192", "memoryMb 4096"),
    ({**GOOGLE, "replicas": "2"}, "cache:replicas is a setting of elasticache, and this stack's", "rm cache:replicas"),
    ({**GOOGLE, "verifyFrom": "aws-lambda"}, '"aws-lambda" is inside AWS, and memorystore is not', "verifyFrom auto"),
    ({**PROD, "network": MAIN}, "cache:network is a setting of memorystore, and this stack's", "rm cache:network"),
    # Redis Cloud: what the free plan cannot do, and who has to accept that.
    (
        {"backend": "rediscloud"},
        "cache:acceptPlainText is not set: the free plan has no TLS",
        "set cache:acceptPlainText true",
    ),
    (
        {"backend": "rediscloud"},
        "cache:acceptAnyAddress is not set: the free plan answers to any address",
        "set cache:acceptAnyAddress true",
    ),
    ({**FREE, "acceptPlainText": "false"}, "cache:acceptPlainText is not set", "set cache:acceptPlainText true"),
    ({**FREE, "acceptPlainText": "maybe"}, 'cache:acceptPlainText "maybe" will not do', "set cache:acceptPlainText"),
    ({**FREE, "acceptAnyAddress": "0"}, "cache:acceptAnyAddress is not set", "set cache:acceptAnyAddress true"),
    ({**FREE, "sourceCidrs": "203.0.113.7/32"}, "the free plan has no list of networks", "rm cache:sourceCidrs"),
    ({**FREE, "sourceCidrs": "a,a"}, "the free plan has no list of networks; a paid plan has", "rm cache:sourceCidrs"),
    ({**FREE, "paymentMethodId": "30949"}, "the free plan takes no payment method", "rm cache:paymentMethodId"),
    (
        {**FREE, "persistence": "append-only"},
        "append-only is not what the free plan can do, which keeps nothing",
        "set cache:persistence none",
    ),
    ({**FREE, "persistence": "snapshot"}, "snapshot is not what the free plan can do", "set cache:persistence none"),
    ({**FREE, "tlsCaFile": "redis_ca.pem"}, "redis_ca.pem will not do: the free plan has no TLS", "rm cache:tlsCaFile"),
    # Redis Cloud: what a paid plan has to be told.
    (
        {"backend": "rediscloud", "tier": "staging"},
        "cache:acceptAnyAddress is not set: who may connect; or set cache:sourceCidrs",
        "set cache:acceptAnyAddress true",
    ),
    (
        {**PAID, "acceptPlainText": "true"},
        "cache:acceptPlainText true is for the free plan alone, and this stack's plan is a paid one, with TLS",
        "rm cache:acceptPlainText",
    ),
    (
        {**FREE, "memoryMb": "250"},
        "cache:acceptPlainText true is for the free plan alone",
        "rm cache:acceptPlainText",
    ),
    (
        {**PAID, "acceptAnyAddress": "true"},
        "cache:acceptAnyAddress true and cache:sourceCidrs exclude each other",
        "rm cache:acceptAnyAddress",
    ),
    *(
        ({**PAID, "sourceCidrs": nothing}, "cache:acceptAnyAddress is not set: who may", "set cache:acceptAnyAddress")
        for nothing in ("", "[]", " , ")
    ),
    ({**PAID, "sourceCidrs": "0.0.0.0/0"}, "item 1 is the whole Internet, which cache:acceptAnyAddress", "sourceCidrs"),
    ({**PAID, "sourceCidrs": "203.0.113.7/24"}, "item 1 is not an IPv4 network like 203.0.113.7/32", "sourceCidrs 203"),
    (
        {**PAID, "sourceCidrs": "a,203.0.113.7/32,a"},
        "it names the same twice; item 1 is not an IPv4",
        "sourceCidrs 203",
    ),
    (
        {**PAID, "paymentMethodId": "visa"},
        'cache:paymentMethodId "visa" will not do',
        "set cache:paymentMethodId 30949",
    ),
    ({**PAID, "cloudProvider": "aws"}, 'cache:cloudProvider "aws" is not one of', "set cache:cloudProvider AWS"),
    ({**PAID, "cloudProvider": "GCP"}, "cache:cloudRegion is not set: a region of GCP", "cloudRegion us-central1"),
    ({**PAID, "cloudRegion": ""}, 'cache:cloudRegion "" will not do', "set cache:cloudRegion us-east-1"),
    ({**PAID, "tier": "prod", "persistence": "none"}, "none will not do for tier prod, which outlives", "append-only"),
    ({**PAID, "engine": "valkey"}, "cache:engine is a setting of elasticache, and this stack's", "rm cache:engine"),
    ({**PROD, "paymentMethodId": "1"}, "cache:paymentMethodId is a setting of rediscloud", "rm cache:paymentMethodId"),
    # Secret managers: who may read, and with which key.
    *(
        (
            {**PROD, "secretReaderRoleArn": arn},
            f'cache:secretReaderRoleArn "{arn}" will not do: it is not the ARN of a role; its name will not do, nor',
            "set cache:secretReaderRoleArn arn:aws:iam::123456789012:role/application",
        )
        for arn in (
            "application",
            "arn:aws:iam::123456789012:user/application",
            "arn:aws:iam::123456789012:root",
            "arn:aws:sts::123456789012:assumed-role/application/session",
            "*",
        )
    ),
    *(
        (
            {**PROD, "secretKmsKeyArn": key},
            f'cache:secretKmsKeyArn "{key}" will not do: it is not the ARN of a key; its id or alias will not do',
            "set cache:secretKmsKeyArn arn:aws:kms:",
        )
        for key in (
            "alias/secrets",
            "arn:aws:kms:us-east-1:123456789012:alias/secrets",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
        )
    ),
    *(
        (
            {**PROD, "secretRecoveryDays": days},
            f"cache:secretRecoveryDays {days} will not do: AWS keeps a deleted secret for 7 to 30 days, or for 0 not",
            "set cache:secretRecoveryDays 7",
        )
        for days in ("-1", "3", "31")
    ),
    ({**PROD, "secretRecoveryDays": "week"}, 'cache:secretRecoveryDays "week" will not do', "set cache:secretRec"),
    (
        {**PROD, "sinks": "aws-ssm", "secretRecoveryDays": "7"},
        "cache:secretRecoveryDays is a setting of aws-secrets-manager, and this stack delivers to aws-ssm",
        "rm cache:secretRecoveryDays",
    ),
    (
        {
            **PROD,
            "sinks": "aws-ssm",
            "accountId": "123456789012",
            "secretReaderRoleArn": "arn:aws:iam::210987654321:role/application",
        },
        "cache:secretReaderRoleArn is a role of another account than cache:accountId 123456789012, and aws-ssm serves",
        "set cache:secretReaderRoleArn arn:aws:iam::123456789012:role/application",
    ),
    (
        {"backend": "local", "secretKmsKeyArn": "alias/secrets"},
        "cache:secretKmsKeyArn is a setting of aws-secrets-manager and aws-ssm, and this stack delivers to dotenv",
        "rm cache:secretKmsKeyArn",
    ),
    (
        {**PROD, "secretReaderServiceAccount": "application@my-project.iam.gserviceaccount.com"},
        "cache:secretReaderServiceAccount is a setting of gcp-secret-manager, and this stack delivers to aws-secrets-m",
        "rm cache:secretReaderServiceAccount",
    ),
    ({**PROD, "sinks": "gcp-secret-manager"}, "gcp-secret-manager goes with memorystore", "sinks aws-secrets-manager"),
    (
        {"backend": "local", "sinks": "aws-ssm"},
        "aws-ssm goes with elasticache and rediscloud",
        "set cache:sinks dotenv",
    ),
    *(
        (
            {"backend": "rediscloud", "sinks": "gcp-secret-manager", "secretReaderServiceAccount": account},
            f'cache:secretReaderServiceAccount "{account}" will not do: it is not the address of a service account',
            "set cache:secretReaderServiceAccount application@project.iam.gserviceaccount.com",
        )
        for account in (
            "serviceAccount:application@my-project.iam.gserviceaccount.com",
            "somebody@example.com",
            "application",
            "allUsers",
        )
    ),
    # The file of the variables.
    (
        {"backend": "local", "dotenvFile": "config/"},
        'cache:dotenvFile "config/" will not do: it is the name of a',
        ".env",
    ),
    ({"backend": "local", "dotenvFile": "../.."}, "it is the name of a folder, and not of a file", "dotenvFile .env"),
    ({"backend": "local", "dotenvFile": ""}, 'cache:dotenvFile "" will not do', "set cache:dotenvFile .env"),
    (
        {"backend": "local", "sinks": "encore", "dotenvFile": ".env"},
        "cache:dotenvFile is a setting of dotenv, and this stack delivers to encore",
        "rm cache:dotenvFile",
    ),
    ({"backend": "local", "sinks": "env"}, "cache:sinks env is none of dotenv, encore,", "set cache:sinks dotenv"),
    *(
        (
            {"backend": "local", "sinks": written},
            "cache:sinks is empty: name where the connection goes, or set it to [] for nowhere",
            "set cache:sinks dotenv",
        )
        for written in ("", " ", ",")
    ),
    ({**PROD, "sinks": ""}, "cache:sinks is empty", "set cache:sinks aws-secrets-manager"),
    ({"backend": "local", "sinks": "null"}, "cache:sinks null is none of dotenv", "set cache:sinks dotenv"),
    (
        {"backend": "local", "sinks": "[]", "dotenvFile": ".env"},
        "cache:dotenvFile is a setting of dotenv, and this stack delivers nowhere",
        "rm cache:dotenvFile",
    ),
    # The command that restarts the application.
    *(
        (
            {"backend": "local", "afterDelivery": written},
            "will not do: it is no command of a shell, which is one text",
            "set cache:afterDelivery ./redeploy.sh",
        )
        for written in ('["./redeploy.sh", "now"]', '{"run": "./redeploy.sh"}', "true", "False")
    ),
    ({"backend": "local", "sinks": "dotenv,dotenv"}, "cache:sinks names the same twice", "set cache:sinks dotenv"),
    # Secrets of an Encore application.
    (
        {"backend": "local", "sinks": "encore", "encoreTypes": "prod"},
        "cache:encoreApp is not set: folder of the Encore application",
        "set cache:encoreApp ../application",
    ),
    (
        {"backend": "local", "sinks": "dotenv,encore", "encoreApp": "../application"},
        "cache:encoreEnvironments is not set, and cache:encoreTypes neither",
        "set cache:encoreEnvironments staging",
    ),
    (
        {"backend": "local", "sinks": "encore", "encoreApp": "../application", "encoreTypes": "prod,production"},
        "cache:encoreTypes production is none of prod, dev, pr, local",
        "set cache:encoreTypes prod",
    ),
    (
        {"backend": "local", "sinks": "encore", "encoreApp": "../application", "encoreTypes": "dev,prod,dev"},
        "cache:encoreTypes names the same twice",
        "set cache:encoreTypes dev,prod",
    ),
    (
        {"backend": "local", "sinks": "encore", "encoreApp": "../application", "encoreEnvironments": "a b,--all"},
        "cache:encoreEnvironments a b, --all will not do: letters, digits and hyphens",
        "set cache:encoreEnvironments staging",
    ),
    (
        {"backend": "local", "sinks": "encore", "encoreApp": "../application", "encoreEnvironments": "live,live"},
        "cache:encoreEnvironments names the same twice",
        "set cache:encoreEnvironments live",
    ),
    (
        {"backend": "local", "encoreTypes": "prod"},
        "cache:encoreTypes is a setting of encore, and this stack delivers to dotenv",
        "rm cache:encoreTypes",
    ),
    # The file of a self-hosted Encore application.
    (
        {"backend": "local", "sinks": "encore-infra-config", "encoreCacheCluster": "cache"},
        "cache:encoreInfraConfig is not set: infrastructure file for `encore build docker --config`",
        "set cache:encoreInfraConfig ../application/infra.config.json",
    ),
    (
        {"backend": "local", "sinks": "encore-infra-config", "encoreInfraConfig": "../infra.config.json"},
        "cache:encoreCacheCluster is not set: name of the cache cluster in the application's code",
        "set cache:encoreCacheCluster cache",
    ),
    (
        {"backend": "local", "sinks": "encore-infra-config", "encoreInfraConfig": "../application/"},
        'cache:encoreInfraConfig "../application/" will not do: it is the name of a folder',
        "set cache:encoreInfraConfig ../application/infra.config.json",
    ),
]


@pytest.mark.parametrize(("values", "said", "cure"), REJECTED, ids=[f"{said[:60]}" for _, said, _ in REJECTED])
def test_a_rejected_configuration_says_what_and_how_to_cure_it(values: dict[str, str], said: str, cure: str) -> None:
    """The key, what is wrong with its value, and the command: in one message, without a traceback."""
    message = refused(values)
    assert said in message
    commands = [line for line in message.splitlines() if line.startswith("      pulumi config ")]
    assert any(cure in command for command in commands), message
    assert all(command.endswith(" --stack prod") for command in commands)


@pytest.mark.parametrize("url", [values["applicationUrl"] for values, _, _ in REJECTED if "applicationUrl" in values])
def test_a_refused_application_url_is_never_shown(url: str) -> None:
    """What is wrong with it may be a token in it."""
    message = refused({"backend": "local", "applicationUrl": url})
    assert url not in message
    assert "hunter2" not in message


CURE = re.compile(r"^ {6}pulumi config (?:set (\S+) (.+)|rm (\S+)) --stack prod$", re.MULTILINE)
# One message after another: the backend, what goes with it, where it delivers, and what that needs.
ROUNDS = 4


@pytest.mark.parametrize("values", [values for values, _, _ in REJECTED], ids=[said[:60] for _, said, _ in REJECTED])
def test_every_proposal_is_taken(values: dict[str, str]) -> None:
    """All of them together make a configuration that is valid, and at most what is not set is asked for after them."""
    config = {key if ":" in key else f"cache:{key}": value for key, value in values.items()}
    message = after_its_cures(config)
    asked_for = {line.split()[0] for line in message.splitlines()[1::2]}
    assert not asked_for & config.keys(), message


@pytest.mark.soak(20_000)
def test_proposals_lead_to_a_valid_configuration(soak: Soak) -> None:
    """From any settings together, each of which is refused in some company."""
    rows = [values for values, _, _ in REJECTED]
    random = soak.random()
    for _ in range(soak.cases):
        first, *others = random.sample(rows, random.randint(2, 6))
        beside = {key: value for each in others for key, value in each.items()}
        config = {key if ":" in key else f"cache:{key}": value for key, value in {**beside, **first}.items()}
        assert not after_its_cures(config, rounds=ROUNDS)


def after_its_cures(config: dict[str, str], *, rounds: int = 1) -> str:
    """Do to a configuration what its message proposes, and what the next does; give the message that is left."""
    for _ in range(rounds):
        message = message_of(config)
        for name, value, removed in CURE.findall(message):
            # The network from another stack, which is proposed beside the settings of one's own, is the other way.
            if name == "cache:networkStack" and "vpcId is not set" in message:
                continue
            config.pop(removed, None)
            config |= {name: value} if name else {}
    return message_of(config)


def message_of(config: dict[str, str]) -> str:
    """Return the message of a configuration; empty where it is valid."""
    try:
        settings.load(config, stack="prod")
    except InvalidSettings as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("maintenance", "snapshot"),
    [
        ("sun:03:00-sun:04:00", "01:00-02:00"),
        ("sun:01:00-sun:02:00", "02:00-03:00"),
        ("mon:01:30-mon:02:30", "02:30-03:30"),
        ("sun:00:30-sun:23:30", "23:30-00:30"),
        ("sun:01:00-mon:00:00", "00:00-01:00"),
    ],
)
def test_a_default_gives_way(maintenance: str, snapshot: str) -> None:
    """Nobody asked for the snapshot's hour: the next that maintenance leaves is taken."""
    config = {f"cache:{key}": value for key, value in {**PROD, "maintenanceWindow": maintenance}.items()}
    loaded = settings.load(config, stack="prod")
    assert isinstance(loaded, ElastiCacheSettings)
    assert loaded.chosen_snapshot_window == snapshot


@pytest.mark.parametrize(
    "windows", [{}, {"snapshotWindow": "01:30-02:30"}, {"maintenanceWindow": "sun:00:00-mon:00:00"}]
)
def test_without_snapshots_there_is_no_hour_for_them(windows: dict[str, str]) -> None:
    """Nothing is sent then, and nothing refused."""
    values = {**AWS, "persistence": "none", "maintenanceWindow": "sun:01:00-sun:02:00", **windows}
    loaded = settings.load({f"cache:{key}": value for key, value in values.items()}, stack="prod")
    assert isinstance(loaded, ElastiCacheSettings)
    assert loaded.chosen_snapshot_window is None


@pytest.mark.parametrize(
    "values",
    [
        *(
            {**PROD, "aws:region": region}
            for region in ("us-east-1", "ap-southeast-2", "mx-central-1", "eusc-de-east-1")
        ),
        {**PROD, "aws:region": "us-east-1", "kmsKeyArn": AWS_KEY, "secretKmsKeyArn": MULTI_REGION_KEY},
        {
            **PROD,
            "aws:region": "us-gov-west-1",
            "kmsKeyArn": AWS_KEY.replace("arn:aws:kms:us-east-1", "arn:aws-us-gov:kms:us-gov-west-1"),
            "secretReaderRoleArn": "arn:aws-us-gov:iam::123456789012:role/path/app",
        },
        # Another program's.
        {"backend": "local", "aws:region": "x"},
        *(
            {"backend": "docker", "image": image}
            for image in (
                "redis:7-alpine",
                "valkey/valkey:8.1",
                "registry.example:5000/team/redis_cache:7.2.4",
                "localhost/redis:7",
                "public.ecr.aws/docker/library/redis:7-alpine",
                f"redis@sha256:{'0a' * 32}",
                f"redis:7@sha256:{'0a' * 32}",
                f"redis:latest@sha256:{'0a' * 32}",
            )
        ),
        *(
            {"backend": "docker", "dockerHost": host, "bindAddress": "10.0.0.7"}
            for host in (
                "unix:///var/run/docker.sock",
                "unix:///run/user/1000/docker.sock",
                "tcp://10.0.0.7:2376",
                "tcp://host",
                "tcp://[fd00::7]:2376",
                "ssh://you@build-host.example",
                "ssh://build_host:2222",
            )
        ),
    ],
)
def test_what_can_be_is_let_through(values: dict[str, str]) -> None:
    """The rules for regions, keys, roles, images and hosts refuse nothing else."""
    config = {key if ":" in key else f"cache:{key}": value for key, value in values.items()}
    assert settings.load(config, stack="prod").backend == values["backend"]


def test_a_secret_region_or_key_is_never_shown() -> None:
    """What lies apart from each other is said without either."""
    config = {f"cache:{key}": value for key, value in {**PROD, "kmsKeyArn": AWS_KEY}.items()}
    with pytest.raises(
        InvalidSettings, match=r"cache:kmsKeyArn lies in \[secret\], and the stack in eu-west-1"
    ) as error:
        settings.load(config | {"aws:region": "eu-west-1"}, stack="prod", secret_keys=["cache:kmsKeyArn"])
    assert "us-east-1" not in str(error.value)
    with pytest.raises(InvalidSettings, match="aws:region is not a region of AWS") as error:
        settings.load(config | {"aws:region": "hunter2"}, stack="prod", secret_keys=["aws:region"])
    assert "hunter2" not in str(error.value)


def test_there_are_forty_of_them_or_more() -> None:
    """As many as were asked for, of every backend that is there."""
    assert len(REJECTED) >= 40
    assert set(BACKENDS) <= {values.get("backend") for values, _, _ in REJECTED}


@pytest.mark.parametrize("stack", ["Prod", "prod_eu", "a--b", "prod-", "a-stack-with-a-very-long-name"])
def test_a_stack_whose_name_aws_would_refuse_is_told_so(stack: str) -> None:
    """The replication group bears it."""
    with pytest.raises(InvalidSettings) as error:
        settings.load({f"cache:{key}": value for key, value in PROD.items()}, stack=stack)
    assert f'"hospitality-redis-{stack}" is no name of a replication group' in str(error.value)
    assert f"pulumi stack rename prod --stack {stack}" in str(error.value)


@pytest.mark.parametrize("stack", ["Prod", "prod_eu", "prod-", "a-stack-with-a-very-long-name"])
def test_a_stack_whose_name_google_would_refuse_is_told_so(stack: str) -> None:
    """The instance bears it."""
    config = {key if ":" in key else f"cache:{key}": value for key, value in GOOGLE.items()}
    with pytest.raises(InvalidSettings) as error:
        settings.load(config, stack=stack)
    assert f'"hospitality-redis-{stack}" is no name of a Memorystore instance' in str(error.value)
    assert f"pulumi stack rename prod --stack {stack}" in str(error.value)


@pytest.mark.parametrize("stack", ["prod_eu", "a-stack-whose-name-is-long"])
def test_a_stack_whose_name_redis_cloud_would_refuse_is_told_so(stack: str) -> None:
    """The database bears it, and six digits after it."""
    with pytest.raises(InvalidSettings) as error:
        settings.load({f"cache:{key}": value for key, value in PAID.items()}, stack=stack)
    assert f'"hospitality-redis-{stack}" is no name at Redis Cloud' in str(error.value)
    assert f"pulumi stack rename prod --stack {stack}" in str(error.value)


@pytest.mark.parametrize("values", [FREE, PAID, {**PAID, "tier": "prod"}])
def test_what_redis_cloud_can_do_is_let_through(values: dict[str, str]) -> None:
    """The rules above refuse nothing else."""
    loaded = settings.load({f"cache:{key}": value for key, value in values.items()}, stack="prod")
    assert isinstance(loaded, RedisCloudSettings)
    assert (loaded.takes_free_plan, loaded.redis_cloud_persistence) == (
        values is FREE,
        "none" if values is FREE else "append-only",
    )


def test_a_secret_project_and_key_are_never_shown() -> None:
    """What lies apart from each other is said without either."""
    config = {"gcp:project": "Hunter2", "gcp:region": "us-central1", "cache:kmsKeyName": KEY.replace("key", "hunter2")}
    config |= {f"cache:{key}": value for key, value in GOOGLE.items() if ":" not in key}
    with pytest.raises(InvalidSettings) as error:
        settings.load(config, stack="prod", secret_keys=["gcp:project", "cache:kmsKeyName"])
    assert "hunter2" not in str(error.value).lower()
    assert "gcp:project is not the id of a Google Cloud project" in str(error.value)


def test_a_secret_list_is_never_shown() -> None:
    """A message names the item by its place."""
    config = {f"cache:{key}": value for key, value in {**PROD, "subnetIds": "hunter2"}.items()}
    with pytest.raises(InvalidSettings) as error:
        settings.load(config, stack="prod", secret_keys=["cache:subnetIds"])
    assert "hunter2" not in str(error.value)
    assert "cache:subnetIds the value will not do: item 1 is not the id of a subnet" in str(error.value)


@pytest.mark.parametrize("written", ['["10.1.0.0/16", "10.2.0.0/16"]', "10.1.0.0/16, 10.2.0.0/16"])
def test_a_list_is_read_from_a_file_and_from_a_command(written: str) -> None:
    """Pulumi hands a list over as JSON; on a command line commas are easier."""
    config = {f"cache:{key}": value for key, value in {**PROD, "applicationCidrs": written}.items()}
    loaded = settings.load(config, stack="prod")
    assert isinstance(loaded, ElastiCacheSettings)
    assert loaded.application_cidrs == ("10.1.0.0/16", "10.2.0.0/16")


def test_of_refused_sinks_nothing_else_is_said() -> None:
    """A setting of a sink is not misplaced as long as nobody knows where the stack delivers."""
    for sinks in ("nonsense", "", "dotenv,dotenv"):
        assert "has 1 problem" in refused({"backend": "local", "sinks": sinks, "encoreTypes": "prod"})


@pytest.mark.parametrize("command", ["[ -x deploy ] && ./deploy", "{ ./stop; ./start; }", '"./my deploy"', "./deploy"])
def test_a_command_of_a_shell_is_let_through(command: str) -> None:
    """Brackets, braces and quotes are a shell's as well."""
    loaded = settings.load({"cache:backend": "local", "cache:afterDelivery": command}, stack="prod")
    assert loaded.after_delivery == command


def refused(values: dict[str, str]) -> str:
    """Return the message of a configuration that is refused."""
    config = {key if ":" in key else f"cache:{key}": value for key, value in values.items()}
    with pytest.raises(InvalidSettings) as error:
        settings.load(config, stack="prod")
    return str(error.value)
