"""Redis Cloud Essentials, the guide's option 1, through its REST API: pulumi-rediscloud has no Essentials plans."""
