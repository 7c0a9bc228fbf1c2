"""The same questions to a source and to its backup that is served, by a client that is not ours."""
import sys

import pymongo
from bson import SON
from pymongo.errors import OperationFailure, PyMongoError

mode, source_uri, served_uri = sys.argv[1:4]


def fill():
    client = pymongo.MongoClient(source_uri)
    shop = client.get_database("shop")
    shop.orders.insert_many(
        [
            {
                "_id": i,
                "customer": {"name": f"c{i % 17}", "city": ["Oslo", "Rome", None][i % 3]},
                "lines": [{"sku": f"s{j}", "n": j + i % 4} for j in range(i % 5)],
                "total": i * 1.25,
                "tags": ["new", "old"][: i % 3],
            }
            for i in range(1500)
        ]
    )
    shop.orders.create_index([("customer.name", 1), ("total", -1)], name="byName")
    shop.words.insert_many([{"_id": w, "n": len(w)} for w in ["a", "ab", "abc", "b\u00e4r"]])
    shop.create_collection("ring", capped=True, size=4096, max=3)
    shop.ring.insert_many([{"_id": i} for i in [9, 2, 7, 5]])
    shop.create_collection("big", viewOn="orders", pipeline=[{"$match": {"total": {"$gte": 1000}}}])


def refused(action, code):
    try:
        action()
    except OperationFailure as failure:
        assert failure.code == code, (failure.code, failure)
        return
    raise AssertionError("it was not refused")


def compare():
    source = pymongo.MongoClient(source_uri).get_database("shop")
    client = pymongo.MongoClient(served_uri)
    served = client.get_database("shop")
    assert client.admin.command("isMaster")["readOnly"]
    assert "shop" in client.list_database_names()
    assert sorted(served.list_collection_names()) == sorted(
        name for name in source.list_collection_names() if not name.startswith("system.")
    )
    for name in ["orders", "words"]:
        assert served[name].index_information() == source[name].index_information(), name
    questions = [
        lambda db: list(db.orders.find().sort("_id", 1)),
        lambda db: list(db.orders.find({"_id": 700})),
        lambda db: list(db.orders.find({"_id": {"$in": [3, 1, 4000]}}).sort("_id", 1)),
        lambda db: list(db.orders.find({"_id": {"$gte": 1000, "$lt": 1010}}).sort("_id", -1)),
        lambda db: list(db.orders.find({"customer.city": None}, {"total": 1}).sort([("total", -1)]).skip(3).limit(7)),
        lambda db: list(db.orders.find({"lines": {"$elemMatch": {"sku": "s2", "n": {"$gt": 3}}}}).sort("_id", 1)),
        lambda db: list(db.words.find({"_id": {"$regex": "^a"}}).sort("_id", 1)),
        lambda db: list(db.ring.find()),
        lambda db: list(db.big.find({"customer.city": "Rome"}).sort("_id", 1)),
        lambda db: db.orders.count_documents({"tags": "old"}),
        lambda db: db.orders.estimated_document_count(),
        lambda db: db.big.count_documents({}),
        lambda db: sorted(db.orders.distinct("lines.sku")),
        lambda db: list(
            db.orders.aggregate(
                [
                    {"$unwind": "$lines"},
                    {"$group": {"_id": "$lines.sku", "n": {"$sum": "$lines.n"}, "v": {"$avg": "$total"}}},
                    {"$sort": {"_id": 1}},
                ]
            )
        ),
        lambda db: list(db.orders.find({"$expr": {"$gt": ["$total", {"$multiply": ["$_id", 1.2]}]}}).sort("_id", 1)),
        lambda db: list(db.nothing.find()),
    ]
    for number, question in enumerate(questions):
        left, right = question(source), question(served)
        assert left == right, (number, left, right)
    cursor = served.orders.find().batch_size(10)
    assert len({next(cursor)["_id"] for _ in range(100)}) == 100
    cursor.close()
    refused(lambda: served.orders.insert_one({"_id": "x"}), 20)
    refused(lambda: served.orders.update_one({}, {"$set": {"a": 1}}), 20)
    refused(lambda: served.orders.delete_many({}), 20)
    refused(lambda: served.orders.drop(), 20)
    refused(lambda: served.orders.create_index("a"), 20)
    refused(lambda: client.admin.command("shutdown"), 20)
    refused(lambda: list(served.orders.aggregate([{"$lookup": {"from": "x", "localField": "a", "foreignField": "b", "as": "c"}}])), 238)
    refused(lambda: list(served.orders.aggregate([{"$out": "x"}])), 238)
    refused(lambda: list(served.orders.find({"$where": "true"})), 238)
    refused(lambda: list(served.orders.find({"tags": {"$regex": "^(a+)+$(?=b)\\1"}})), 238)
    refused(lambda: list(served.orders.find({"a": {"$nope": 1}})), 2)
    plan = served.command(SON([("explain", SON([("find", "orders"), ("filter", {"_id": 5})]))]))
    assert plan["queryPlanner"]["winningPlan"]["stage"] == "IDHACK", plan
    plan = served.command(SON([("explain", SON([("find", "orders"), ("filter", {"total": 5})]))]))
    assert plan["queryPlanner"]["winningPlan"]["stage"] == "COLLSCAN" and plan["backup"]["documentsAtMost"] == 1500, plan


def rejected():
    client = pymongo.MongoClient(served_uri, serverSelectionTimeoutMS=5000)
    refused(lambda: client.shop.orders.find_one(), 18)
    bare = pymongo.MongoClient(served_uri.replace(served_uri[10 : served_uri.index("@") + 1], "", 1))
    assert bare.admin.command("ping")["ok"] == 1
    refused(lambda: bare.shop.orders.find_one(), 13)
    refused(lambda: bare.list_database_names(), 13)
    refused(lambda: bare.admin.command("getLog", "global"), 13)


def absent():
    try:
        pymongo.MongoClient(served_uri, serverSelectionTimeoutMS=1500).shop.orders.find_one()
    except PyMongoError:
        return
    raise AssertionError("it still answers")


{"fill": fill, "compare": compare, "rejected": rejected, "absent": absent}[mode]()
print("all good")
