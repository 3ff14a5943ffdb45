"""The stack of the search domain, whose index can be rebuilt from the tables at any time."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_opensearchservice as opensearch
from constructs import Construct

from infra.components.permissions import SEARCH_WRITE_PATHS
from oms.declarations.environment import SEARCH_URL


class SearchStack(Stack):
    """A domain that only roles with a permission for it can reach."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, description="The search domain of the shop.")
        self.domain = opensearch.Domain(
            self,
            "Search",
            version=opensearch.EngineVersion.OPENSEARCH_2_19,
            capacity=opensearch.CapacityConfig(
                data_nodes=1, data_node_instance_type="t3.small.search", multi_az_with_standby_enabled=False
            ),
            ebs=opensearch.EbsOptions(volume_size=10, volume_type=ec2.EbsDeviceVolumeType.GP3),
            enforce_https=True,
            tls_security_policy=opensearch.TLSSecurityPolicy.TLS_1_2_PFS,
            node_to_node_encryption=True,
            encryption_at_rest=opensearch.EncryptionAtRestOptions(enabled=True),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def arns(self) -> dict[str, str]:
        """The ARNs of the domain's paths, by their keys in the table of permissions."""
        arn = self.domain.domain_arn
        return {
            "search": f"{arn}/products/_search",
            **{f"search/{path}": f"{arn}/{path}" for path in SEARCH_WRITE_PATHS},
        }

    def variables(self) -> dict[str, str]:
        """The values of the environment variables that name the domain."""
        return {SEARCH_URL: f"https://{self.domain.domain_endpoint}"}
