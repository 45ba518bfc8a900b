"""The commands of Redis 7.0 and Valkey 9.1, as both servers list them: name, arity, categories of the ACL.

Generated: `python -m tests.verify.command_table` asks both servers, and a test holds the table to them.
"""

from typing import Final

TABLE: Final = """\
acl|cat -2 slow
acl|deluser -3 admin dangerous slow
acl|dryrun -4 admin dangerous slow
acl|genpass -2 slow
acl|getuser 3 admin dangerous slow
acl|help 2 slow
acl|list 2 admin dangerous slow
acl|load 2 admin dangerous slow
acl|log -2 admin dangerous slow
acl|save 2 admin dangerous slow
acl|setuser -3 admin dangerous slow
acl|users 2 admin dangerous slow
acl|whoami 2 slow
append 3 fast string write
asking 1 connection fast
auth -2 connection fast
bgrewriteaof 1 admin dangerous slow
bgsave -1 admin dangerous slow
bitcount -2 bitmap read slow
bitfield -2 bitmap slow write
bitfield_ro -2 bitmap fast read
bitop -4 bitmap slow write
bitpos -3 bitmap read slow
blmove 6 blocking list slow write
blmpop -5 blocking list slow write
blpop -3 blocking list slow write
brpop -3 blocking list slow write
brpoplpush 4 blocking list slow write
bzmpop -5 blocking slow sortedset write
bzpopmax -3 blocking fast sortedset write
bzpopmin -3 blocking fast sortedset write
client|caching 3 connection slow
client|capa -3 connection slow
client|getname 2 connection slow
client|getredir 2 connection slow
client|help 2 connection slow
client|id 2 connection slow
client|import-source 3 connection slow
client|info 2 connection slow
client|kill -3 admin connection dangerous slow
client|list -2 admin connection dangerous slow
client|no-evict 3 admin connection dangerous slow
client|no-touch 3 connection slow
client|pause -3 admin connection dangerous slow
client|reply 3 connection slow
client|setinfo 4 connection slow
client|setname 3 connection slow
client|tracking -3 connection slow
client|trackinginfo 2 connection slow
client|unblock -3 admin connection dangerous slow
client|unpause 2 admin connection dangerous slow
clusterscan -2 keyspace read slow
cluster|addslots -3 admin dangerous slow
cluster|addslotsrange -4 admin dangerous slow
cluster|bumpepoch 2 admin dangerous slow
cluster|cancelslotmigrations 2 admin dangerous slow
cluster|count-failure-reports 3 admin dangerous slow
cluster|countkeysinslot 3 slow
cluster|delslots -3 admin dangerous slow
cluster|delslotsrange -4 admin dangerous slow
cluster|failover -2 admin dangerous slow
cluster|flushslot -3 admin dangerous keyspace slow write
cluster|flushslots 2 admin dangerous slow
cluster|forget 3 admin dangerous slow
cluster|getkeysinslot 4 slow
cluster|getslotmigrations 2 admin dangerous slow
cluster|help 2 slow
cluster|info 2 slow
cluster|keyslot 3 slow
cluster|links 2 slow
cluster|meet -4 admin dangerous slow
cluster|migrateslots -4 admin dangerous slow
cluster|myid 2 slow
cluster|myshardid 2 slow
cluster|nodes 2 slow
cluster|replicas 3 admin dangerous slow
cluster|replicate -3 admin dangerous slow
cluster|reset -2 admin dangerous slow
cluster|saveconfig 2 admin dangerous slow
cluster|set-config-epoch 3 admin dangerous slow
cluster|setslot -4 admin dangerous slow
cluster|shards 2 slow
cluster|slaves 3 admin dangerous slow
cluster|slot-stats -4 slow
cluster|slots 2 slow
cluster|syncslots -3 admin dangerous slow
command -1 connection slow
commandlog|get 4 admin dangerous slow
commandlog|help 2 slow
commandlog|len 3 admin dangerous slow
commandlog|reset 3 admin dangerous slow
command|count 2 connection slow
command|docs -2 connection slow
command|getkeys -3 connection slow
command|getkeysandflags -3 connection slow
command|help 2 connection slow
command|info -2 connection slow
command|list -2 connection slow
config|get -3 admin dangerous slow
config|help 2 slow
config|resetstat 2 admin dangerous slow
config|rewrite 2 admin dangerous slow
config|set -4 admin dangerous slow
copy -3 keyspace slow write
dbsize 1 fast keyspace read
debug -2 admin dangerous slow
decr 2 fast string write
decrby 3 fast string write
del -2 keyspace slow write
delifeq 3 fast string write
discard 1 fast transaction
dump 2 keyspace read slow
echo 2 connection fast
eval -3 scripting slow
eval_ro -3 scripting slow
evalsha -3 scripting slow
evalsha_ro -3 scripting slow
exec 1 slow transaction
exists -2 fast keyspace read
expire -3 fast keyspace write
expireat -3 fast keyspace write
expiretime 2 fast keyspace read
failover -1 admin dangerous slow
fcall -3 scripting slow
fcall_ro -3 scripting slow
flushall -1 dangerous keyspace slow write
flushdb -1 dangerous keyspace slow write
function|delete 3 scripting slow write
function|dump 2 scripting slow
function|flush -2 scripting slow write
function|help 2 scripting slow
function|kill 2 scripting slow
function|list -2 scripting slow
function|load -3 scripting slow write
function|restore -3 scripting slow write
function|stats 2 scripting slow
geoadd -5 geo slow write
geodist -4 geo read slow
geohash -2 geo read slow
geopos -2 geo read slow
georadius -6 geo slow write
georadius_ro -6 geo read slow
georadiusbymember -5 geo slow write
georadiusbymember_ro -5 geo read slow
geosearch -7 geo read slow
geosearchstore -8 geo slow write
get 2 fast read string
getbit 3 bitmap fast read
getdel 2 fast string write
getex -2 fast string write
getrange 4 read slow string
getset 3 fast string write
hdel -3 fast hash write
hello -1 connection fast
hexists 3 fast hash read
hexpire -6 fast hash write
hexpireat -6 fast hash write
hexpiretime -5 fast hash read
hget 3 fast hash read
hgetall 2 hash read slow
hgetdel -5 fast hash write
hgetex -5 fast hash write
hincrby 4 fast hash write
hincrbyfloat 4 fast hash write
hkeys 2 hash read slow
hlen 2 fast hash read
hmget -3 fast hash read
hmset -4 fast hash write
hpersist -5 fast hash write
hpexpire -6 fast hash write
hpexpireat -6 fast hash write
hpexpiretime -5 fast hash read
hpttl -5 fast hash read
hrandfield -2 hash read slow
hscan -3 hash read slow
hset -4 fast hash write
hsetex -6 fast hash write
hsetnx 4 fast hash write
hstrlen 3 fast hash read
httl -5 fast hash read
hvals 2 hash read slow
incr 2 fast string write
incrby 3 fast string write
incrbyfloat 3 fast string write
info -1 dangerous slow
keys 2 dangerous keyspace read slow
lastsave 1 admin dangerous fast
latency|doctor 2 admin dangerous slow
latency|graph 3 admin dangerous slow
latency|help 2 slow
latency|histogram -2 admin dangerous slow
latency|history 3 admin dangerous slow
latency|latest 2 admin dangerous slow
latency|reset -2 admin dangerous slow
lcs -3 read slow string
lindex 3 list read slow
linsert 5 list slow write
llen 2 fast list read
lmove 5 list slow write
lmpop -4 list slow write
lolwut -1 fast read
lpop -2 fast list write
lpos -3 list read slow
lpush -3 fast list write
lpushx -3 fast list write
lrange 4 list read slow
lrem 4 list slow write
lset 4 list slow write
ltrim 4 list slow write
memory|doctor 2 slow
memory|help 2 slow
memory|malloc-stats 2 slow
memory|purge 2 slow
memory|stats 2 slow
memory|usage -3 read slow
mget -2 fast read string
migrate -6 dangerous keyspace slow write
module|help 2 slow
module|list 2 admin dangerous slow
module|load -3 admin dangerous slow
module|loadex -3 admin dangerous slow
module|unload 3 admin dangerous slow
monitor 1 admin dangerous slow
move 3 fast keyspace write
mset -3 slow string write
msetex -4 slow string write
msetnx -3 slow string write
multi 1 fast transaction
object|encoding 3 keyspace read slow
object|freq 3 keyspace read slow
object|help 2 keyspace slow
object|idletime 3 keyspace read slow
object|refcount 3 keyspace read slow
persist 2 fast keyspace write
pexpire -3 fast keyspace write
pexpireat -3 fast keyspace write
pexpiretime 2 fast keyspace read
pfadd -2 fast hyperloglog write
pfcount -2 hyperloglog read slow
pfdebug 3 admin dangerous hyperloglog slow write
pfmerge -2 hyperloglog slow write
pfselftest 1 admin dangerous hyperloglog slow
ping -1 connection fast
psetex 4 slow string write
psubscribe -2 pubsub slow
psync -3 admin dangerous slow
pttl 2 fast keyspace read
publish 3 fast pubsub
pubsub|channels -2 pubsub slow
pubsub|help 2 slow
pubsub|numpat 2 pubsub slow
pubsub|numsub -2 pubsub slow
pubsub|shardchannels -2 pubsub slow
pubsub|shardnumsub -2 pubsub slow
punsubscribe -1 pubsub slow
quit -1 connection fast
randomkey 1 keyspace read slow
readonly 1 connection fast
readwrite 1 connection fast
rename 3 keyspace slow write
renamenx 3 fast keyspace write
replconf -1 admin dangerous slow
replicaof 3 admin dangerous slow
reset 1 connection fast
restore -4 dangerous keyspace slow write
restore-asking -4 dangerous keyspace slow write
role 1 admin dangerous fast
rpop -2 fast list write
rpoplpush 3 list slow write
rpush -3 fast list write
rpushx -3 fast list write
sadd -3 fast set write
save 1 admin dangerous slow
scan -2 keyspace read slow
scard 2 fast read set
script|debug -3 scripting slow
script|exists -3 scripting slow
script|flush -2 scripting slow
script|help 2 scripting slow
script|kill 2 scripting slow
script|load 3 scripting slow
script|show 3 scripting slow
sdiff -2 read set slow
sdiffstore -3 set slow write
select 2 connection fast
set -3 slow string write
setbit 4 bitmap slow write
setex 4 slow string write
setnx 3 fast string write
setrange 4 slow string write
shutdown -1 admin dangerous slow
sinter -2 read set slow
sintercard -3 read set slow
sinterstore -3 set slow write
sismember 3 fast read set
slaveof 3 admin dangerous slow
slowlog|get -2 admin dangerous slow
slowlog|help 2 slow
slowlog|len 2 admin dangerous slow
slowlog|reset 2 admin dangerous slow
smembers 2 read set slow
smismember -3 fast read set
smove 4 fast set write
sort -2 dangerous list set slow sortedset write
sort_ro -2 dangerous list read set slow sortedset
spop -2 fast set write
spublish 3 fast pubsub
srandmember -2 read set slow
srem -3 fast set write
sscan -3 read set slow
ssubscribe -2 pubsub slow
strlen 2 fast read string
subscribe -2 pubsub slow
substr 4 read slow string
sunion -2 read set slow
sunionstore -3 set slow write
sunsubscribe -1 pubsub slow
swapdb 3 dangerous fast keyspace write
sync 1 admin dangerous slow
time 1 fast
touch -2 fast keyspace read
ttl 2 fast keyspace read
type 2 fast keyspace read
unlink -2 fast keyspace write
unsubscribe -1 pubsub slow
unwatch 1 fast transaction
wait 3 blocking connection slow
waitaof 4 blocking connection slow
watch -2 fast transaction
xack -4 fast stream write
xadd -5 fast stream write
xautoclaim -6 fast stream write
xclaim -6 fast stream write
xdel -3 fast stream write
xgroup|create -5 slow stream write
xgroup|createconsumer 5 slow stream write
xgroup|delconsumer 5 slow stream write
xgroup|destroy 4 slow stream write
xgroup|help 2 slow stream
xgroup|setid -5 slow stream write
xinfo|consumers 4 read slow stream
xinfo|groups 3 read slow stream
xinfo|help 2 slow stream
xinfo|stream -3 read slow stream
xlen 2 fast read stream
xpending -3 read slow stream
xrange -4 read slow stream
xread -4 blocking read slow stream
xreadgroup -7 blocking slow stream write
xrevrange -4 read slow stream
xsetid -3 fast stream write
xtrim -4 slow stream write
zadd -4 fast sortedset write
zcard 2 fast read sortedset
zcount 4 fast read sortedset
zdiff -3 read slow sortedset
zdiffstore -4 slow sortedset write
zincrby 4 fast sortedset write
zinter -3 read slow sortedset
zintercard -3 read slow sortedset
zinterstore -4 slow sortedset write
zlexcount 4 fast read sortedset
zmpop -4 slow sortedset write
zmscore -3 fast read sortedset
zpopmax -2 fast sortedset write
zpopmin -2 fast sortedset write
zrandmember -2 read slow sortedset
zrange -4 read slow sortedset
zrangebylex -4 read slow sortedset
zrangebyscore -4 read slow sortedset
zrangestore -5 slow sortedset write
zrank -3 fast read sortedset
zrem -3 fast sortedset write
zremrangebylex 4 slow sortedset write
zremrangebyrank 4 slow sortedset write
zremrangebyscore 4 slow sortedset write
zrevrange -4 read slow sortedset
zrevrangebylex -4 read slow sortedset
zrevrangebyscore -4 read slow sortedset
zrevrank -3 fast read sortedset
zscan -3 read slow sortedset
zscore 3 fast read sortedset
zunion -3 read slow sortedset
zunionstore -4 slow sortedset write
"""
