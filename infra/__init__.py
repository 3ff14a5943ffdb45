"""The shop on AWS: a CDK app. Of the shop's code it imports only `oms.declarations`."""
