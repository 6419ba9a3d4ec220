"""Actions that read or change what matters, and that can be limited to a resource (7.2.5)."""

from __future__ import annotations

import fnmatch
from functools import lru_cache
from typing import Final

_NAMED: Final = (
    # data and keys
    *("s3:getobject*", "s3:putobject*", "s3:deleteobject*", "s3:listbucket*", "s3:restoreobject"),
    *("s3:replicate*", "s3:putbucket*", "s3:deletebucket*", "s3:putreplicationconfiguration"),
    *("s3:putaccesspointpolicy*", "s3:putlifecycleconfiguration", "s3:putencryption*"),
    *("s3:bypassgovernanceretention", "s3:createaccesspoint", "s3:putinventoryconfiguration"),
    *("kms:decrypt", "kms:encrypt", "kms:generatedatakey*", "kms:reencrypt*", "kms:creategrant"),
    *("kms:putkeypolicy", "kms:schedulekeydeletion", "kms:disablekey*", "kms:sign"),
    *("secretsmanager:getsecretvalue", "secretsmanager:putsecretvalue"),
    *("secretsmanager:describesecret", "secretsmanager:updatesecret*"),
    *("secretsmanager:putresourcepolicy", "secretsmanager:replicatesecrettoregions"),
    *("secretsmanager:deletesecret", "secretsmanager:rotatesecret"),
    *("ssm:getparameter*", "ssm:putparameter", "ssm:sendcommand", "ssm:startsession"),
    *("ssm:startautomationexecution", "ssm:modifydocumentpermission"),
    *("sqs:sendmessage", "sqs:receivemessage", "sqs:deletemessage", "sqs:addpermission"),
    *("sqs:setqueueattributes", "sqs:purgequeue", "sns:publish", "sns:subscribe"),
    *("sns:addpermission", "sns:settopicattributes"),
    *("dynamodb:getitem", "dynamodb:putitem", "dynamodb:updateitem", "dynamodb:deleteitem"),
    *(
        "dynamodb:batchgetitem",
        "dynamodb:batchwriteitem",
        "dynamodb:query",
        "dynamodb:scan",
        "dynamodb:partiql*",
    ),
    *("dynamodb:exporttabletopointintime", "dynamodb:createbackup", "dynamodb:restoretable*"),
    *("dynamodb:putresourcepolicy", "dynamodb:getrecords", "dynamodb:deletetable"),
    *("kinesis:putrecord*", "kinesis:getrecords", "kinesis:putresourcepolicy"),
    *("kafka-cluster:readdata", "kafka-cluster:writedata"),
    *("firehose:updatedestination", "es:eshttp*", "execute-api:invoke"),
    *("athena:startqueryexecution", "redshift:getclustercredentials*"),
    *("redshift-data:executestatement", "redshift-data:batchexecutestatement"),
    *("redshift-serverless:getcredentials", "elasticache:connect", "memorydb:connect"),
    # databases, snapshots, copies and exports: data that moves
    *("rds:modifydb*", "rds:deletedb*", "rds-db:connect", "rds-data:*", "rds:startexporttask"),
    *("rds:copydb*", "rds:restoredb*", "rds:createdb*snapshot", "rds:addroletodb*"),
    *("rds:createintegration", "rds:downloadcompletedblogfile"),
    *("redshift:authorizesnapshotaccess", "redshift:modifycluster*", "redshift:createdatashare"),
    *("redshift:authorizedatashare", "docdb-elastic:copyclustersnapshot"),
    *("ec2:modifysnapshotattribute", "ec2:modifyimageattribute", "ec2:resetsnapshotattribute"),
    *("ec2:createstoreimagetask", "ec2:exportimage", "ec2:createinstanceexporttask"),
    *("ec2:copysnapshot", "ec2:copyimage", "ebs:getsnapshotblock", "ebs:listsnapshotblocks"),
    *("backup:startcopyjob", "backup:startrestorejob", "backup:putbackupvaultaccesspolicy"),
    *("backup:deleterecoverypoint", "backup:deletebackupvault*", "ecr:setrepositorypolicy"),
    *("ecr:putimage", "ecr:putregistrypolicy", "ecr:putreplicationconfiguration"),
    *("dms:createreplicationtask", "dms:modifyendpoint", "datasync:starttaskexecution"),
    *("ram:createresourceshare", "ram:associateresourceshare", "glue:putresourcepolicy"),
    *("elasticfilesystem:putfilesystempolicy", "elasticfilesystem:client*"),
    # logs and those who watch
    *("logs:createlogstream", "logs:putlogevents", "logs:deletelog*", "logs:createexporttask"),
    *("logs:putretentionpolicy", "logs:deleteretentionpolicy", "logs:putsubscriptionfilter"),
    *("logs:putdestinationpolicy", "logs:getlogevents", "logs:filterlogevents", "logs:unmask"),
    *("cloudtrail:stoplogging", "cloudtrail:deletetrail", "cloudtrail:updatetrail"),
    *("cloudtrail:puteventselectors", "guardduty:deletedetector", "guardduty:updatedetector"),
    *("wafv2:deletewebacl", "wafv2:updatewebacl", "wafv2:disassociatewebacl"),
    *("config:stopconfigurationrecorder", "config:deleteconfigurationrecorder"),
    *("ec2:deleteflowlogs", "securityhub:disable*", "guardduty:updatefilter", "logs:startquery"),
    *("config:deleteconfigrule", "cloudwatch:deletealarms", "cloudwatch:disablealarmactions"),
    # who may do what: ways to more rights
    *("iam:passrole", "iam:createrole", "iam:put*policy", "iam:attach*policy", "sts:assumerole"),
    *("iam:createpolicyversion", "iam:setdefaultpolicyversion", "iam:createaccesskey"),
    *("iam:createloginprofile", "iam:updateloginprofile", "iam:addusertogroup"),
    *("iam:updateassumerolepolicy", "iam:delete*permissionsboundary", "iam:put*boundary"),
    *("iam:detachrolepolicy", "iam:deleterolepolicy", "iam:deactivatemfadevice"),
    *("iam:createsamlprovider", "iam:updatesamlprovider", "iam:createopenidconnectprovider"),
    *("iam:addroletoinstanceprofile", "iam:createuser", "iam:createpolicy"),
    *("cognito-idp:admin*", "sso:putinlinepolicytopermissionset", "acm:exportcertificate"),
    *("lambda:invokefunction", "lambda:updatefunction*", "lambda:addpermission"),
    *("lambda:addlayerversionpermission", "lambda:createfunction", "lambda:getfunction"),
    *("ecs:updateservice", "ecs:runtask", "ecs:executecommand", "ecs:starttask"),
    *(
        "states:startexecution",
        "states:updatestatemachine",
        "events:putevents",
        "events:puttargets",
    ),
    *("events:putpermission", "codebuild:startbuild*", "codebuild:updateproject"),
    *("cloudformation:updatestack", "cloudformation:createchangeset", "glue:updatedevendpoint"),
    *("cloudformation:setstackpolicy", "codepipeline:updatepipeline"),
    *("sagemaker:createpresignednotebookinstanceurl", "ec2-instance-connect:sendsshpublickey"),
    *("ec2:authorizesecuritygroup*", "ec2:revokesecuritygroup*", "ec2:terminateinstances"),
    *("ec2:modifyinstanceattribute", "ec2:associateiaminstanceprofile"),
    *("ec2:replaceiaminstanceprofileassociation", "ec2:modifysecuritygrouprules"),
    *("ec2:createroute", "ec2:replaceroute", "ec2:getpassworddata"),
    *(
        "elasticloadbalancing:modifyloadbalancerattributes",
        "elasticloadbalancing:setsecuritygroups",
    ),
    *("route53:changeresourcerecordsets", "apigateway:patch", "apigateway:put"),
)


@lru_cache(maxsize=4096)
def matters(action: str) -> bool:
    """Whether an action, in lower case and perhaps with wildcards, is or covers such a one."""
    if "*" not in action and "?" not in action:
        return action in _NAMED or any(
            fnmatch.fnmatchcase(action, one) for one in _of_service(action) if "*" in one
        )
    candidates = _NAMED if "*" in action.partition(":")[0] else _of_service(action)
    return any(_overlap(action, one) for one in candidates)


def _of_service(action: str) -> list[str]:
    service = action.partition(":")[0]
    return [one for one in _NAMED if one.startswith(f"{service}:")]


def _overlap(left: str, right: str) -> bool:
    """Whether two patterns have an action in common, as far as one wildcard each tells."""
    plain = right.replace("*", "")
    return fnmatch.fnmatchcase(plain, left) or fnmatch.fnmatchcase(
        left.replace("*", "").replace("?", ""), right
    )
