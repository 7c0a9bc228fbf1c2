"""What a real client does to the sandbox's cluster. usage: cluster.py URI; ends with 'all good' and exit code 0."""
import sys

import pymongo
from bson.son import SON
from pymongo.errors import BulkWriteError, OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

client = pymongo.MongoClient(sys.argv[1], serverSelectionTimeoutMS=10000)
admin, db = client.admin, client.bank
assert client.is_mongos
shards = [s["_id"] for s in admin.command("listShards")["shards"]]
assert shards == ["s0", "s1"], shards
admin.command("enableSharding", "bank")
admin.command("shardCollection", "bank.accounts", key={"_id": 1})
admin.command("shardCollection", "bank.log", key={"_id": "hashed"})
accounts = db.accounts
accounts.insert_many([{"_id": i, "bal": 1000} for i in range(200)])
for at in (50, 100, 150):
    admin.command("split", "bank.accounts", middle={"_id": at})
admin.command("moveChunk", "bank.accounts", find={"_id": 60}, to="s1", _waitForDelete=True)
admin.command("moveChunk", "bank.accounts", find={"_id": 160}, to="s1")
assert client.config.chunks.count_documents({"ns": "bank.accounts", "shard": "s1"}) == 2
assert sorted(client.list_database_names()) == ["admin", "bank", "config"]
assert sorted(db.list_collection_names()) == ["accounts", "log"]

# Retryable writes, bulks, and errors with the client's own numbers.
db.log.insert_many([{"_id": i, "k": i % 7} for i in range(300)])
assert db.log.count_documents({"k": 3}) == 43
try:
    accounts.insert_many([{"_id": i} for i in (199, 300, 10, 301)], ordered=False)
    raise AssertionError("duplicates were taken")
except BulkWriteError as error:
    assert [e["index"] for e in error.details["writeErrors"]] == [0, 2], error.details
    assert error.details["nInserted"] == 2
accounts.delete_many({"_id": {"$gte": 300}})
assert accounts.find_one_and_update({"_id": 60}, {"$inc": {"bal": 0, "n": 1}}, return_document=True)["n"] == 1
assert [x["_id"] for x in accounts.find({"_id": {"$gte": 40}}).sort("_id", -1).skip(5).limit(3)] == [194, 193, 192]
assert len(list(accounts.find({}, batch_size=7))) == 200
assert accounts.create_index("bal") == "bal_1" and set(accounts.index_information()) == {"_id_", "bal_1"}
assert sorted(db.log.distinct("k")) == list(range(7))


def transfer(frm, to, amount, abort=False):
    with client.start_session() as session:
        def run(s):
            accounts.update_one({"_id": frm}, {"$inc": {"bal": -amount}}, session=s)
            accounts.update_one({"_id": to}, {"$inc": {"bal": amount}}, session=s)
            assert accounts.find_one({"_id": to}, session=s)["bal"] != 1000
            if abort:
                raise KeyError
        session.with_transaction(run, ReadConcern("snapshot"), WriteConcern("majority"))


transfer(10, 60, 5)
transfer(160, 20, 7)
transfer(1, 2, 9)
try:
    transfer(11, 61, 5, abort=True)
except KeyError:
    pass
total = list(accounts.aggregate([{"$group": {"_id": None, "s": {"$sum": "$bal"}}}]))[0]["s"]
assert total == 200 * 1000, total
assert accounts.find_one({"_id": 60})["bal"] == 1005 and accounts.find_one({"_id": 11})["bal"] == 1000

# What a mongos does not do.
for command, code in (("replSetGetConfig", 59), ("appendOplogNote", 59), ("moveChunk", 118)):
    try:
        admin.command(SON([(command, "bank.none"), ("find", {"_id": 1}), ("to", "s0")]))
        raise AssertionError(command)
    except OperationFailure as error:
        assert error.code == code, (command, error.code)
admin.command("balancerStop")
assert admin.command("balancerStatus")["mode"] == "off"
client.drop_database("bank")
assert client.config.chunks.count_documents({}) == 0
print("all good")
