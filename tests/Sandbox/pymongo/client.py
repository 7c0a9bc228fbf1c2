"""What a real client does to the sandbox. usage: client.py URI; ends with 'all good' and exit code 0."""
import sys
import uuid

import bson
import bson.raw_bson
import bson.codec_options
import pymongo
from bson import Int64
from bson.binary import Binary
from bson.son import SON
from pymongo.errors import DuplicateKeyError, OperationFailure

uri = sys.argv[1]
client = pymongo.MongoClient(uri, uuidRepresentation="standard", serverSelectionTimeoutMS=10000)
db = client.shop


def failure(code, call):
    try:
        call()
    except OperationFailure as error:
        assert error.code == code, (error.code, code, error)
        return
    raise AssertionError(f"no failure, {code} was expected")


assert client.admin.command("ping")["ok"] == 1
info = client.server_info()
assert info["gitVersion"] == "sandbox" and "sandbox" in info["modules"], info
assert client.admin.command("serverStatus")["storageEngine"]["name"] == "sandbox"
v2 = info["version"].startswith("5")
failure(59, lambda: client.admin.command("noSuchThing"))

# Documents.
db.a.insert_many([{"_id": i, "n": i, "tags": ["x", str(i % 3)], "d": {"k": i}} for i in range(500)])
assert db.a.count_documents({}) == 500
assert db.a.estimated_document_count() == 500
assert [x["_id"] for x in db.a.find({"n": {"$gte": 490}}).sort("n", -1).limit(3)] == [499, 498, 497]
assert db.a.count_documents({"tags": "1", "d.k": {"$lt": 10}}) == 3
assert len(list(db.a.find({}, batch_size=7))) == 500
assert db.a.find_one({"_id": 3}, {"n": 1}) == {"_id": 3, "n": 3}
assert sorted(db.a.distinct("tags")) == ["0", "1", "2", "x"]
assert list(db.a.aggregate([{"$match": {"n": {"$lt": 4}}}, {"$group": {"_id": None, "s": {"$sum": "$n"}}}])) == [{"_id": None, "s": 6}]
try:
    db.a.insert_one({"_id": 1})
    raise AssertionError("a duplicate was taken")
except DuplicateKeyError as error:
    assert error.details["keyValue"] == {"_id": 1}, error.details

# Updates, and what the oplog says of them.
def last(ns="shop.a"):
    return client.local["oplog.rs"].find({"ns": ns}).sort("$natural", -1).limit(1)[0]


assert db.a.update_one({"_id": 1}, {"$inc": {"n": 5}, "$set": {"d.z": 1}}).modified_count == 1
entry = last()
assert entry["o2"] == {"_id": 1}
assert entry["o"] == (
    {"$v": 2, "diff": {"u": {"n": 6}, "sd": {"i": {"z": 1}}}} if v2 else {"$v": 1, "$set": {"d.z": 1, "n": 6}}
), entry
assert db.a.update_one({"_id": 1}, {"$set": {"n": 6}}).modified_count == 0
assert db.a.update_many({"n": {"$lt": 3}}, {"$push": {"tags": "new"}}).modified_count == 2
assert last()["o"] == ({"$v": 2, "diff": {"stags": {"a": True, "u2": "new"}}} if v2 else {"$v": 1, "$set": {"tags.2": "new"}})
result = db.a.update_one({"_id": 1000, "k": "seed"}, {"$set": {"y": 1}}, upsert=True)
assert result.upserted_id == 1000 and db.a.find_one({"_id": 1000}) == {"_id": 1000, "k": "seed", "y": 1}
db.a.replace_one({"_id": 1000}, {"z": 1})
assert last()["o"] == {"_id": 1000, "z": 1}
assert db.a.find_one_and_update({"_id": 1000}, {"$set": {"z": 2}}, return_document=True) == {"_id": 1000, "z": 2}
assert db.a.find_one_and_delete({"_id": 1000}) == {"_id": 1000, "z": 2}
db.a.update_one({"_id": 2}, {"$set": {"tags.$[x]": "hit"}}, array_filters=[{"x": "2"}])
assert db.a.find_one({"_id": 2})["tags"][1] == "hit"
assert db.a.delete_many({"n": {"$gte": 400}}).deleted_count == 100

# The catalogue.
name = db.a.create_index([("n", 1), ("d.k", -1)])
assert set(db.a.index_information()) == {"_id_", name}
db.u.create_index("k", unique=True)
db.u.insert_one({"k": 1})
try:
    db.u.insert_one({"k": 1})
    raise AssertionError("a duplicate was taken")
except DuplicateKeyError:
    pass
db.create_collection("cap", capped=True, size=4096, max=5)
db.cap.insert_many([{"_id": 100 - i} for i in range(9)])
assert [x["_id"] for x in db.cap.find()] == [96, 95, 94, 93, 92]
db.command("create", "view", viewOn="a", pipeline=[{"$match": {"n": {"$lt": 5}}}])
assert db["view"].count_documents({}) == 4, list(db["view"].find())
db.u.rename("renamed")
assert "renamed" in db.list_collection_names() and "u" not in db.list_collection_names()
db.renamed.drop()
failure(26, lambda: db.command("drop", "renamed"))
infos = {i["name"]: i for i in db.list_collections()}
assert infos["view"]["type"] == "view"

# The copy: by UUID, in _id order, resumed at min.
ident = infos["a"]["info"]["uuid"]
find = SON([("find", Binary(ident.bytes, 4)), ("batchSize", 50), ("hint", {"_id": 1}), ("noCursorTimeout", True)])
reply = db.command(find)["cursor"]
assert reply["ns"] == "shop.a" and len(reply["firstBatch"]) == 50
more = db.command(SON([("getMore", Int64(reply["id"])), ("collection", "a"), ("batchSize", 10)]))["cursor"]
assert more["nextBatch"][0]["_id"] == reply["firstBatch"][-1]["_id"] + 1
db.command("killCursors", "a", cursors=[reply["id"]])
failure(43, lambda: db.command(SON([("getMore", Int64(reply["id"])), ("collection", "a")])))
resumed = db.command(SON([("find", Binary(ident.bytes, 4)), ("hint", {"_id": 1}), ("min", {"_id": 100}), ("batchSize", 3)]))
assert [x["_id"] for x in resumed["cursor"]["firstBatch"]] == [100, 101, 102]

# The oplog, tailed.
status = client.admin.command("replSetGetStatus")
committed = status["optimes"]["lastCommittedOpTime"]["ts"]
tail = client.local["oplog.rs"].find({"ts": {"$gte": committed}}, cursor_type=pymongo.CursorType.TAILABLE_AWAIT, oplog_replay=True).max_await_time_ms(200)
assert next(tail)["ts"] == committed
client.admin.command("appendOplogNote", data={"token": "t1"})
noted = next(tail)
assert noted["op"] == "n" and noted["o"] == {"token": "t1"}, noted
try:
    next(tail)
    raise AssertionError("nothing was written")
except StopIteration:
    assert tail.alive

# Transactions.
with client.start_session() as session:
    with session.start_transaction():
        db.a.insert_one({"_id": "t1"}, session=session)
        db.a.update_one({"_id": 3}, {"$set": {"t": 1}}, session=session)
        assert db.a.find_one({"_id": "t1"}) is None and db.a.find_one({"_id": "t1"}, session=session)
    assert db.a.find_one({"_id": "t1"}) and db.a.find_one({"_id": 3})["t"] == 1
    session.start_transaction()
    db.a.delete_one({"_id": "t1"}, session=session)
    with client.start_session() as other:
        other.start_transaction()
        failure(112, lambda: db.a.update_one({"_id": "t1"}, {"$set": {"x": 1}}, session=other))
    session.abort_transaction()
    assert db.a.find_one({"_id": "t1"})
    session.with_transaction(lambda s: db.a.delete_one({"_id": "t1"}, session=s))
    assert db.a.find_one({"_id": "t1"}) is None

# dbHash as the documents say.
import hashlib

hashes = db.command("dbHash")
raw = client.get_database("shop", codec_options=bson.codec_options.CodecOptions(document_class=bson.raw_bson.RawBSONDocument))
for collection, md5 in hashes["collections"].items():
    documents = raw[collection].find().hint([("_id", 1)]) if collection != "cap" else sorted(raw.cap.find(), key=lambda d: d["_id"])
    assert hashlib.md5(b"".join(d.raw for d in documents)).hexdigest() == md5, collection
assert hashlib.md5("".join(hashes["collections"][n] for n in sorted(hashes["collections"])).encode()).hexdigest() == hashes["md5"]

client.drop_database("shop")
assert "shop" not in client.list_database_names()
tailed = [entry["o"] for entry in client.local["oplog.rs"].find({"op": "c"})]
assert tailed[-1] == {"dropDatabase": 1} and "drop" in tailed[-2]
print("all good")
