"""Properties that hold names and values, passwords, code, or no value at all."""

from __future__ import annotations

import re
from typing import Final

PASSWORD_KEYS: Final = frozenset(
    {
        *("AuthToken", "OAuthToken", "OauthToken", "AccessToken", "SecretToken", "ClientSecret"),
        *("ApiKeyValue", "SecretString", "SecretAccessKey", "SharedSecret", "PreSharedKey"),
        *("PrivateKey", "ApiKey", "ApiToken", "SecretKey", "AuthPassword", "TokenSecret"),
        *("ConsumerSecret", "AppSecret", "BotToken", "HecToken", "SslKeystorePassword"),
        *("HECToken", "ApplicationKey"),
    }
)

FREE: Final = frozenset(
    {
        *("Variables", "EnvironmentVariables", "Environment", "DockerLabels", "Options"),
        *("DefaultArguments", "NonOverridableArguments", "ConnectionProperties", "Parameters"),
        *("ProviderDetails", "Configuration", "StageVariables", "Labels", "OptionSettings"),
        *("RuntimeEnvironmentVariables", "ContainerEnvironment", "Hyperparameters", "Tags"),
        *("AirflowConfigurationOptions", "ConfigurationProperties", "ConnectorConfiguration"),
        *("AdditionalAuthenticationParameters", "Metadata", "Arguments", "Env", "Properties"),
        *("BodyParameters", "HeaderParameters", "QueryStringParameters", "Headers", "Input"),
        *("UserParameters", "PlaintextValue", "SecretValues", "Values"),
    }
)
"""Properties below which the template chooses the names."""

REFERRING: Final = frozenset(
    {"Secrets", "SecretOptions", "RuntimeEnvironmentSecrets", "BuildSecrets", "ResponseParameters"}
)
"""Properties that say where a secret is kept, or no value at all."""

PROSE: Final = frozenset(
    {
        "Description",
        "Comment",
        "Title",
        "DisplayName",
        "AlarmDescription",
        "GroupDescription",
        "Sid",
    }
)

SKIPPED: Final = (
    PROSE
    | REFERRING
    | {"Statement", "KeyPolicy", "AssumeRolePolicyDocument", "Condition", "SecretStringTemplate"}
    | {"TokenValidityUnits"}
)

CODE: Final = frozenset({"ZipFile", "InlineCode", "FunctionCode", "RequestMappingTemplate"})

NAMES: Final = (
    "Name",
    "Key",
    "OptionName",
    "ParameterName",
    "ParameterKey",
    "name",
    "key",
    "HeaderName",
)

VALUES: Final = ("Value", "ParameterValue", "value", "StringValue", "DefaultValue", "HeaderValue")

PARAMETER_GROUPS: Final = re.compile(
    r"ParameterGroup$|::WebACL$|::RuleGroup$|::Alarm$|::Dashboard$"
)

RUN_BY_HELPERS: Final = ("AWS::CloudFormation::Init", "AWS::CloudFormation::Authentication")

OPEN_TYPES: Final = frozenset({"AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack"})

NAMED_BY_THEMSELVES: Final = frozenset({"AWS::SSM::Parameter"})

BY_TYPE: Final = frozenset(
    {
        ("AWS::ApiGateway::ApiKey", "Value"),
        ("AWS::CodeBuild::SourceCredential", "Token"),
        ("AWS::KinesisFirehose::DeliveryStream", "AccessKey"),
    }
)

COMMANDS: Final = frozenset(
    {"Command", "EntryPoint", "Entrypoint", "ContainerArguments", "ContainerEntrypoint", "Args"}
    | {"Commands", "commands", "command", "StartCommand", "BootstrapCommand"}
)

ENCODED: Final = ("UserData", "Content", "content", "Data")

IDENTIFYING: Final = frozenset(
    {
        *("id", "ids", "hash", "sha", "sha256", "digest", "checksum", "version", "commit", "arn"),
        *("image", "tag", "url", "uri", "endpoint", "bucket", "name", "fingerprint", "etag"),
        *("thumbprint", "path", "certificate", "cert", "public", "key"),
    }
)
