namespace Backup.Tests.MongoQuery;

/// <summary>Queries that people write, and the corners that are known to be sharp.</summary>
internal static class WrittenQueries
{
    internal static readonly string[] Sorts =
    [
        """{"a":1}""",
        """{"a":-1}""",
        """{"a.b":1}""",
        """{"a.b":-1}""",
        """{"nope":1,"a":-1}""",
        """{"a.b":1,"a.c":-1}""",
        """{"a.b.c":1}""",
        """{"nope":1}""",
        """{"c":-1,"b":1}""",
    ];

    internal static readonly string[] Projections =
    [
        """{"a":1}""",
        """{"a":0}""",
        """{"a.b":1}""",
        """{"a.b":0}""",
        """{"_id":0}""",
        """{"_id":1}""",
        """{"a":1,"_id":0}""",
        """{"a.b.c":1,"c":1}""",
        """{"a.b.c":0,"c":0}""",
        """{"a":true,"b":1.5}""",
        """{"a.0":1}""",
        """{"nope":1}""",
    ];

    internal static readonly string[] Pipelines =
    [
        """[]""",
        """[{"$match":{"a":1}},{"$sort":{"_id":-1}},{"$skip":1},{"$limit":2}]""",
        """[{"$sort":{"a":1,"_id":1}},{"$limit":5}]""",
        """[{"$sort":{"a":-1,"_id":1}},{"$skip":3},{"$limit":5}]""",
        """[{"$count":"n"}]""",
        """[{"$match":{"a":"nothing"}},{"$count":"n"}]""",
        """[{"$group":{"_id":"$a","n":{"$sum":1}}}]""",
        """[{"$match":{"b":{"$type":"int"},"a.b":{"$type":"int"}}},{"$group":{"_id":{"x":"$b","y":"$a.b"},"n":{"$sum":1}}}]""",
        """[{"$group":{"_id":null,"n":{"$sum":1},"l":{"$min":"$a"},"m":{"$max":"$a"}}}]""",
        """[{"$match":{"b":{"$type":"int"}}},{"$group":{"_id":"$b","s":{"$sum":"$_id"},"v":{"$avg":"$_id"},"p":{"$push":"$_id"}}}]""",
        """[{"$sort":{"_id":1}},{"$group":{"_id":"$b","f":{"$first":"$a"},"l":{"$last":"$a"}}}]""",
        """[{"$unwind":"$a"}]""",
        """[{"$unwind":{"path":"$a","preserveNullAndEmptyArrays":true,"includeArrayIndex":"i"}}]""",
        """[{"$unwind":"$a.b"}]""",
        """[{"$unwind":{"path":"$a.b","preserveNullAndEmptyArrays":true}}]""",
        """[{"$project":{"a":1}}]""",
        """[{"$project":{"a":0,"_id":0}}]""",
        """[{"$project":{"_id":0,"x":"$a.b"}}]""",
        """[{"$project":{"a":{"b":1},"c":1}}]""",
        """[{"$project":{"a":{"b":0}}}]""",
        """[{"$project":{"q.b":"$c","c":1}}]""",
        """[{"$addFields":{"x":"$a"}}]""",
        """[{"$addFields":{"a.b":5}}]""",
        """[{"$set":{"a":"$nope","x":{"$literal":"$a"}}}]""",
        """[{"$unset":"a.b"}]""",
        """[{"$unset":["a","_id"]}]""",
        """[{"$replaceRoot":{"newRoot":{"x":"$a","id":"$_id"}}}]""",
        """[{"$replaceWith":{"v":"$$ROOT"}}]""",
        """[{"$project":{"x":{"$cond":{"if":{"$isArray":"$a"},"then":{"$size":"$a"},"else":-1}}}}]""",
        """[{"$project":{"x":{"$ifNull":["$a","none"]},"t":{"$type":"$a"}}}]""",
        """[{"$match":{"$expr":{"$gt":["$a","$b"]}}}]""",
        """[{"$match":{"$expr":{"$eq":[{"$type":"$a"},"date"]}}},{"$match":{"a":{"$gte":{"$date":{"$numberLong":"0"}}}}},{"$project":{"y":{"$year":"$a"},"m":{"$month":"$a"},"d":{"$dayOfMonth":"$a"},"h":{"$hour":"$a"}}}]""",
        """[{"$match":{"$expr":{"$eq":[{"$type":"$a"},"string"]}}},{"$project":{"u":{"$toUpper":"$a"},"l":{"$toLower":"$a"},"c":{"$concat":["$a","-","$a"]}}}]""",
        """[{"$match":{"a":{"$type":["int","double"]}}},{"$project":{"s":{"$add":["$a",1]},"d":{"$subtract":["$a",2.5]},"m":{"$multiply":["$a",3]},"q":{"$divide":["$a",4]}}}]""",
        """[{"$match":{"$expr":{"$in":[{"$type":"$a"},["int","double","long","bool","date","null","undefined","missing"]]}}},{"$project":{"d":{"$toDouble":"$a"}}}]""",
        """[{"$match":{"a":{"$type":"objectId"}}},{"$project":{"d":{"$toDouble":"$a"}}}]""",
        """[{"$match":{"a":{"$type":["long"]}}},{"$project":{"s":{"$subtract":["$a",1]},"d":{"$divide":["$a",2]}}}]""",
    ];

    private static readonly string[] Paths = ["a", "a.b", "a.b.c", "a.0", "a.0.b", "a.b.0", "b"];

    private static readonly string[] Others =
    [
        "{}",
        """{"a":{"$exists":true}}""",
        """{"a":{"$exists":false}}""",
        """{"a.b":{"$exists":false}}""",
        """{"a.b.c":{"$exists":true}}""",
        """{"a":{"$not":{"$exists":true}}}""",
        """{"a":{"$type":"array"}}""",
        """{"a":{"$type":["array","object"]}}""",
        """{"a.b":{"$type":"number"}}""",
        """{"a":{"$size":2}}""",
        """{"a.b":{"$size":0}}""",
        """{"a.0":{"$size":2}}""",
        """{"_id":{"$mod":[2,1]}}""",
        """{"a":{"$regex":"^a"}}""",
        """{"a":{"$regex":"C$","$options":"i"}}""",
        """{"a":{"$regex":"^.$"}}""",
        """{"a":{"$regex":"^[^x]$"}}""",
        """{"a":{"$regex":"^c","$options":"m"}}""",
        """{"a":{"$regex":"b.c","$options":"s"}}""",
        """{"a":{"$regex":"a  b c","$options":"x"}}""",
        """{"a":{"$regex":"^(?:a|A)b?c?"}}""",
        """{"a":{"$regex":"\\w\\s\\w"}}""",
        """{"a":{"$regex":"^ä"}}""",
        """{"a":{"$regex":"^\\w"}}""",
        """{"a":{"$regex":"(?i)abc"}}""",
        """{"a":{"$regularExpression":{"pattern":"^a","options":"i"}}}""",
        """{"a":{"$eq":{"$regularExpression":{"pattern":"^a","options":"i"}}}}""",
        """{"a":{"$in":[{"$regularExpression":{"pattern":"^A","options":""}},1]}}""",
        """{"a":{"$nin":[{"$regularExpression":{"pattern":"^A","options":""}},null]}}""",
        """{"a":{"$not":{"$regularExpression":{"pattern":"^a","options":""}}}}""",
        """{"a":{"$all":[1,2]}}""",
        """{"a":{"$all":[[1,2],3]}}""",
        """{"a":{"$all":[]}}""",
        """{"a.b":{"$all":[1,2]}}""",
        """{"a":{"$all":[{"$elemMatch":{"b":1}},{"$elemMatch":{"b":2}}]}}""",
        """{"a":{"$elemMatch":{"b":1}}}""",
        """{"a":{"$elemMatch":{"$gt":0,"$lt":3}}}""",
        """{"a":{"$elemMatch":{"b":{"$gt":0},"c":{"$gt":1}}}}""",
        """{"a":{"$elemMatch":{"$elemMatch":{"$eq":1}}}}""",
        """{"a.b":{"$elemMatch":{"$eq":1}}}""",
        """{"a":{"$elemMatch":{"0":{"b":1}}}}""",
        """{"a":{"$gt":1,"$lt":3}}""",
        """{"a":{"$not":{"$gt":1}}}""",
        """{"a":{"$not":{"$gt":1,"$lt":9}}}""",
        """{"a":{"$in":[]}}""",
        """{"a":{"$nin":[]}}""",
        """{"a":{"$in":[null]}}""",
        """{"a":{"$in":[[1],[]]}}""",
        """{"$or":[{"a":1},{"a.b":1}]}""",
        """{"$nor":[{"a":1},{"a":{"$exists":false}}]}""",
        """{"$and":[{"a":{"$gte":1}},{"a":{"$lte":2}}]}""",
        """{"$expr":{"$eq":["$a","$c"]}}""",
        """{"a":{"b":1}}""",
        """{"a":{"c":1,"b":1}}""",
        """{"a":{"b":1,"c":1}}""",
        """{"a":{"$ref":"c","$id":1}}""",
        """{"_id":{"$gte":5,"$lt":9}}""",
        """{"_id":{"$in":[3,7,1]}}""",
        """{"a":{"$gt":{"$minKey":1}}}""",
        """{"a":{"$lt":{"$maxKey":1}}}""",
        """{"a":{"$foo":1}}""",
        """{"$foo":1}""",
        """{"a":{"$in":1}}""",
        """{"$or":[]}""",
        """{"a":{"$all":[{"$elemMatch":{"b":1}},1]}}""",
        """{"a":{"$not":1}}""",
        """{"a":{"$options":"i"}}""",
        """{"a":{"$regex":"("}}""",
        """{"a":{"$type":"nonsense"}}""",
    ];

    /// <summary>Every value compared in every way on paths through documents and arrays, and others.</summary>
    internal static IEnumerable<string> Filters()
    {
        foreach (var value in Samples.Scalars.Concat(Samples.Containers))
        {
            foreach (var path in Paths)
            {
                yield return $$"""{"{{path}}":{{value}}}""";
            }

            foreach (var operation in (string[])["$gt", "$gte", "$lt", "$lte", "$ne"])
            {
                yield return $$$"""{"a":{"{{{operation}}}":{{{value}}}}}""";
                yield return $$$"""{"a.b":{"{{{operation}}}":{{{value}}}}}""";
            }

            yield return $$$"""{"a":{"$in":[{{{value}}},"q"]}}""";
        }

        foreach (var filter in Others)
        {
            yield return filter;
        }
    }
}
