using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon.Serving;

/// <summary>
/// What shells and graphical clients send when they connect and when somebody looks around, command by command as they write them: each is answered,
/// or refused with a code that they know from servers. None may end the connection.
/// </summary>
public sealed class ShellTests
{
    private const string Logical =
        """ "lsid":{"id":{"$binary":{"base64":"AAAAAAAAAAAAAAAAAAAAAA==","subType":"04"}}},"$readPreference":{"mode":"primaryPreferred"} """;

    /// <summary>Database, command, expected code: 0 where it is answered.</summary>
    public static TheoryData<string, (string Database, string Command, int Code)[]> Sequences =>
        new()
        {
            {
                "mongosh",
                [
                    (
                        "admin",
                        """{"ismaster":1,"helloOk":true,"client":{"driver":{"name":"nodejs|mongosh","version":"6.8.0|2.3.1"},"platform":"Node.js v20.16.0, LE","os":{"name":"linux","architecture":"x64","version":"6.1","type":"Linux"},"application":{"name":"mongosh 2.3.1"}},"compression":["none"],"loadBalanced":false}""",
                        0
                    ),
                    ("admin", """{"hello":1,"maxAwaitTimeMS":10000}""", 0),
                    ("admin", """{"ping":1}""", 0),
                    ("admin", $$"""{"buildInfo":1,{{Logical}}}""", 0),
                    ("admin", $$"""{"atlasVersion":1,{{Logical}}}""", 59),
                    ("admin", $$"""{"getParameter":1,"featureCompatibilityVersion":1,{{Logical}}}""", 0),
                    ("admin", """{"getCmdLineOpts":1}""", 0),
                    (
                        "admin",
                        """{"aggregate":"atlascli","pipeline":[{"$match":{"managedClusterType":"atlasCliLocalDevCluster"}},{"$group":{"_id":1,"n":{"$sum":1}}}],"cursor":{}}""",
                        0
                    ),
                    ("admin", """{"getLog":"startupWarnings"}""", 0),
                    ("admin", """{"getFreeMonitoringStatus":1}""", 0),
                    ("admin", """{"hello":1,"forShell":1}""", 0),
                    ("admin", """{"replSetGetStatus":1}""", 76),
                    ("admin", """{"listDatabases":1,"nameOnly":false}""", 0),
                    (
                        "shop",
                        """{"listCollections":1,"filter":{},"cursor":{},"nameOnly":true,"authorizedCollections":false}""",
                        0
                    ),
                    ("shop", """{"find":"orders","filter":{},"limit":1}""", 0),
                    (
                        "shop",
                        """{"aggregate":"orders","pipeline":[{"$collStats":{"storageStats":{"scale":1}}}],"cursor":{}}""",
                        0
                    ),
                    ("shop", """{"collStats":"orders","scale":1}""", 0),
                    ("shop", """{"dbStats":1,"scale":1}""", 0),
                    ("admin", """{"serverStatus":1}""", 0),
                    ("admin", """{"currentOp":1}""", 20),
                    ("admin", """{"usersInfo":1}""", 20),
                    ("shop", """{"explain":{"find":"orders","filter":{"text":"x"}},"verbosity":"queryPlanner"}""", 0),
                    (
                        "admin",
                        """{"endSessions":[{"id":{"$binary":{"base64":"AAAAAAAAAAAAAAAAAAAAAA==","subType":"04"}}}]}""",
                        0
                    ),
                ]
            },
            {
                "mongo of 4.2",
                [
                    (
                        "admin",
                        """{"isMaster":1,"client":{"application":{"name":"MongoDB Shell"},"driver":{"name":"MongoDB Internal Client","version":"4.2.4"},"os":{"type":"Linux","name":"x","architecture":"x86_64","version":"1"}}}""",
                        0
                    ),
                    ("admin", """{"whatsmyuri":1}""", 0),
                    ("admin", """{"getLog":"startupWarnings"}""", 0),
                    ("admin", """{"getFreeMonitoringStatus":1}""", 0),
                    ("admin", """{"isMaster":1,"forShell":1}""", 0),
                    ("admin", """{"buildInfo":1}""", 0),
                    ("admin", """{"getCmdLineOpts":1}""", 0),
                    ("admin", """{"replSetGetStatus":1,"forShell":1}""", 76),
                    ("shop", """{"listCollections":1,"filter":{},"nameOnly":true,"authorizedCollections":true}""", 0),
                    ("shop", """{"count":"orders","query":{},"fields":{}}""", 0),
                    ("admin", """{"listDatabases":1,"nameOnly":true,"authorizedDatabases":true}""", 0),
                ]
            },
            {
                "Compass",
                [
                    ("admin", """{"hello":1,"helloOk":true}""", 0),
                    ("admin", """{"connectionStatus":1,"showPrivileges":true}""", 0),
                    ("admin", """{"getCmdLineOpts":1}""", 0),
                    ("admin", """{"hostInfo":1}""", 0),
                    ("admin", """{"buildInfo":1}""", 0),
                    ("admin", """{"getParameter":1,"featureCompatibilityVersion":1}""", 0),
                    ("admin", """{"atlasVersion":1}""", 59),
                    ("admin", """{"listDatabases":1,"nameOnly":true}""", 0),
                    ("shop", """{"dbStats":1}""", 0),
                    ("shop", """{"listCollections":1,"filter":{},"nameOnly":true}""", 0),
                    ("shop", """{"listCollections":1,"filter":{"name":"orders"},"nameOnly":false}""", 0),
                    ("shop", CompassStatistics("orders"), 0),
                    ("shop", CompassStatistics("nothing"), 40280),
                    ("shop", """{"aggregate":"orders","pipeline":[{"$indexStats":{}}],"cursor":{}}""", 0),
                    ("shop", """{"listIndexes":"orders","cursor":{}}""", 0),
                    (
                        "shop",
                        """{"find":"orders","filter":{},"skip":0,"limit":20,"batchSize":20,"maxTimeMS":60000,"collation":{"locale":"simple"}}""",
                        0
                    ),
                    (
                        "shop",
                        """{"aggregate":"orders","pipeline":[{"$match":{}},{"$skip":0},{"$group":{"_id":1,"n":{"$sum":1}}}],"cursor":{},"maxTimeMS":5000,"hint":"_id_"}""",
                        0
                    ),
                    (
                        "shop",
                        """{"aggregate":"orders","pipeline":[{"$match":{}},{"$sample":{"size":1000}},{"$project":{"_id":0,"text":1}}],"cursor":{"batchSize":1000},"allowDiskUse":true,"maxTimeMS":60000}""",
                        0
                    ),
                    ("admin", """{"serverStatus":1}""", 0),
                    ("admin", """{"top":1}""", 20),
                    ("admin", """{"currentOp":1,"$all":true}""", 20),
                    ("admin", """{"aggregate":1,"pipeline":[{"$currentOp":{"allUsers":true}}],"cursor":{}}""", 238),
                    ("admin", """{"aggregate":1,"pipeline":[{"$listLocalSessions":{}}],"cursor":{}}""", 238),
                    ("admin", """{"aggregate":1,"pipeline":[{"$match":{}}],"cursor":{}}""", 73),
                    ("shop", """{"aggregate":"orders","pipeline":[{"$nope":{}}],"cursor":{}}""", 40324),
                    (
                        "shop",
                        """{"aggregate":"orders","pipeline":[{"$match":{}},{"$collStats":{}}],"cursor":{}}""",
                        238
                    ),
                    (
                        "shop",
                        """{"insert":"orders","documents":[{"_id":"new"}],"ordered":true,"writeConcern":{"w":"majority"}}""",
                        20
                    ),
                    ("shop", """{"create":"another"}""", 20),
                    ("admin", """{"killSessions":[]}""", 0),
                    ("admin", """{"nobodyKnowsThis":1}""", 20),
                ]
            },
        };

    [Theory]
    [MemberData(nameof(Sequences))]
    public async Task Nothing_that_a_client_asks_when_it_connects_ends_the_connection(
        string client,
        (string Database, string Command, int Code)[] commands
    )
    {
        await using var daemon = await ServeTests.SnapshotAsync(Document(1, "one"), Document(2, "two"));
        await using var served = await ServeTests.ServedAsync(daemon);
        foreach (var (database, command, code) in commands)
        {
            (await served.CodeOfAsync(command, database)).ShouldBe(code, $"{client}: {command}");
            served.Endpoint.Connections.ShouldBeInRange(1, 3, "none was lost and opened again");
        }
    }

    [Fact]
    public async Task What_clients_show_of_a_collection_is_what_there_is()
    {
        await using var daemon = await ServeTests.SnapshotAsync(Document(1, "one"), Document(2, "two"));
        await using var served = await ServeTests.ServedAsync(daemon);
        var bytes = Document(1, "one").Length * 2;
        var shown = ExtendedJson.Parse((await served.ListAsync(CompassStatistics("orders"))).ShouldHaveSingleItem());
        shown.View["count"u8].ToInt64().ShouldBe(2);
        shown.View["size"u8].ToDouble().ShouldBe(bytes);
        shown.View["avgObjSize"u8].ToDouble().ShouldBe(bytes / 2);
        shown.View["nindexes"u8].ToInt64().ShouldBe(1);
        shown.View["capped"u8].AsBoolean.ShouldBeFalse();

        var index = ExtendedJson.Parse(
            (
                await served.ListAsync("""{"aggregate":"orders","pipeline":[{"$indexStats":{}}],"cursor":{}}""")
            ).ShouldHaveSingleItem()
        );
        index.View["name"u8].AsString.ShouldBe("_id_");
        index.View["accesses"u8].AsDocument["ops"u8].ToInt64().ShouldBe(0);

        var info = (await served.AskAsync("""{"connectionStatus":1,"showPrivileges":true}""", "admin"))
            .View["authInfo"u8]
            .AsDocument;
        info["authenticatedUsers"u8].AsDocument.First.AsDocument["user"u8].AsString.ShouldBe(ServedScene.User);
        info["authenticatedUserPrivileges"u8].AsDocument.First.AsDocument.Has("actions"u8).ShouldBeTrue();
        (await served.AskAsync("""{"connectionStatus":1}""", "admin"))
            .View["authInfo"u8]
            .AsDocument.Has("authenticatedUserPrivileges"u8)
            .ShouldBeFalse("as a server, only where it is asked for");
        (await served.AskAsync("""{"buildInfo":1}""", "admin")).View.Has("dataLake"u8).ShouldBeFalse();
    }

    /// <summary>As Compass asks how large a collection is.</summary>
    private static string CompassStatistics(string collection) =>
        """
            {"aggregate":"COLLECTION","pipeline":[
              {"$collStats":{"storageStats":{}}},
              {"$group":{"_id":null,"capped":{"$first":"$storageStats.capped"},"count":{"$sum":"$storageStats.count"},
                "size":{"$sum":{"$toDouble":"$storageStats.size"}},"storageSize":{"$sum":{"$toDouble":"$storageStats.storageSize"}},
                "totalIndexSize":{"$sum":{"$toDouble":"$storageStats.totalIndexSize"}},
                "freeStorageSize":{"$sum":{"$toDouble":"$storageStats.freeStorageSize"}},
                "unscaledCollSize":{"$sum":{"$multiply":[{"$toDouble":"$storageStats.avgObjSize"},{"$toDouble":"$storageStats.count"}]}},
                "nindexes":{"$max":"$storageStats.nindexes"}}},
              {"$addFields":{"avgObjSize":{"$cond":{"if":{"$ne":["$count",0]},"then":{"$divide":["$unscaledCollSize",{"$toDouble":"$count"}]},"else":0}}}}
            ],"cursor":{}}
            """.Replace("COLLECTION", collection, StringComparison.Ordinal);
}
