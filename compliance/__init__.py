"""What a stack declares, held against every security rule known for it: offline, before anything is created.

The program is run in preview and what it declares is written as a Terraform plan, which checkov reads; what checkov
does not see is asserted here. Both end in one matrix of rule ids.
"""
