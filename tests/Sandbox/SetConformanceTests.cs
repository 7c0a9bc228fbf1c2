using System.Text;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.Sandbox;

/// <summary>
/// The same questions to a real set and to the sandbox's, while the same happens to both: each field that a client relies on is the same, with its type.
/// </summary>
public sealed class SetConformanceTests
{
    private const int Recovering = 3;
    private const int Secondary = 2;

    private static readonly string[] Hello =
    [
        "hosts",
        "passives",
        "arbiters",
        "setName",
        "setVersion",
        "ismaster",
        "secondary",
        "primary",
        "passive",
        "hidden",
        "arbiterOnly",
        "tags",
        "me",
        "info",
        "isreplicaset",
        "maxBsonObjectSize",
        "maxMessageSizeBytes",
        "maxWriteBatchSize",
        "logicalSessionTimeoutMinutes",
        "minWireVersion",
        "maxWireVersion",
        "readOnly",
        "ok",
    ];

    private static readonly string[] Status = ["set", "myState", "majorityVoteCount", "writeMajorityCount", "ok"];
    private static readonly string[] Member = ["_id", "name", "health", "state", "stateStr", "self"];

    [RealMongoFact]
    public async Task TheSandboxesMembersAnswerAsThoseOfARealSet()
    {
        var options = new SandboxOptions
        {
            ReplicaSetName = "rs0",
            ElectionTimeout = TimeSpan.FromSeconds(2),
            Members =
            [
                new()
                {
                    Priority = 2,
                    Tags = new Dictionary<string, string> { ["dc"] = "a" },
                },
                new(),
                new()
                {
                    Priority = 0,
                    Hidden = true,
                    Tags = new Dictionary<string, string> { ["dc"] = "b" },
                },
                new() { ArbiterOnly = true },
                new() { Priority = 0 },
            ],
        };
        await using var sandbox = await SandboxSet.StartAsync(options: options);
        await using var real = await RealReplicaSet.StartAsync(
            5,
            number =>
                new[]
                {
                    "\"priority\":2,\"tags\":{\"dc\":\"a\"}",
                    "",
                    "\"priority\":0,\"hidden\":true,\"tags\":{\"dc\":\"b\"}",
                    "\"arbiterOnly\":true",
                    "\"priority\":0",
                }[number]
        );
        var expected = await TranscriptAsync(real);
        var found = await TranscriptAsync(sandbox);
        expected.Zip(found).Where(pair => pair.First != pair.Second).Select(pair => $"\n{pair}").ShouldBeEmpty();
        found.Count.ShouldBe(expected.Count);
        expected.Count.ShouldBeGreaterThan(50);
    }

    private static async Task<List<string>> TranscriptAsync(ReplicaSetUnderTest set)
    {
        var lines = new List<string>();
        await SettledAsync(set, 0);
        await TellAllAsync("at the start");
        var before = await ElectionAsync(set, 0);
        lines.Add($"election {before[..8]}");
        await TellConfigAsync(1);
        await AskAsync(0, "shop", """{"insert":"c","documents":[{"_id":1}],"writeConcern":{"w":"majority"} }""");
        await AskAsync(1, "shop", """{"insert":"c","documents":[{"_id":2}]}""");
        await AskAsync(0, "shop", """{"insert":"c","documents":[{"_id":3}],"writeConcern":{"w":9,"wtimeout":100} }""");
        await AskAsync(0, "shop", """{"insert":"c","documents":[{"_id":4}],"writeConcern":{"w":"some"} }""");
        await AskAsync(1, "admin", """{"replSetStepDown":60}""");
        await AskAsync(0, "admin", """{"replSetFreeze":5}""");
        await AskAsync(0, "admin", """{"replSetMaintenance":true}""");
        await AskAsync(3, "shop", """{"find":"c"}""");

        await AskAsync(2, "admin", """{"replSetMaintenance":true}""");
        await set.WaitForStateAsync(2, Recovering);
        await TellHelloAsync(2);
        await TellStatusAsync(2, others: false);
        await AskAsync(2, "shop", """{"find":"c"}""");
        await AskAsync(2, "local", """{"find":"oplog.rs","limit":1,"projection":{"_id":1,"v":1},"singleBatch":true}""");
        await AskAsync(2, "admin", """{"replSetMaintenance":false}""");
        await set.WaitForStateAsync(2, Secondary);

        await AskAsync(0, "admin", """{"replSetStepDown":600}""");
        await SettledAsync(set, 1);
        await TellAllAsync("after a step-down");
        (await ElectionAsync(set, 1)).CompareTo(before).ShouldBeGreaterThan(0);

        await set.RemoveAsync(2);
        await GoneAsync(set, 2);
        lines.Add("removed");
        await TellHelloAsync(2);
        await AskAsync(2, "admin", """{"replSetGetStatus":1}""");
        await AskAsync(2, "shop", """{"find":"c"}""");
        await TellHelloAsync(1);
        await TellConfigAsync(1);

        foreach (var number in new[] { 0, 4 })
        {
            await set.FreezeAsync(number);
        }

        await AskAsync(
            1,
            "shop",
            """{"insert":"c","documents":[{"_id":5}],"writeConcern":{"w":"majority","wtimeout":200} }"""
        );
        await set.FreezeAsync(3);
        await set.WaitForStateAsync(1, Secondary);
        await LostAsync(set, 1, [0, 3, 4]);
        lines.Add("alone");
        await TellHelloAsync(1);
        await TellStatusAsync(1, others: true);
        foreach (var number in new[] { 0, 3, 4 })
        {
            await set.ThawAsync(number);
        }

        return lines;

        async Task TellAllAsync(string when)
        {
            lines.Add(when);
            for (var number = 0; number < set.Count; number++)
            {
                await TellHelloAsync(number);
                await TellStatusAsync(number, others: true);
            }
        }

        async Task TellHelloAsync(int number)
        {
            var reply = await set.RunAsync(number, "admin", """{"isMaster":1}""");
            lines.Add(Named(set, $"isMaster of {number}: {Pick(reply.View, Hello)}"));
            lines.Add(
                $"an election is told: {reply.View.Has("electionId"u8)}, writes: {Fields(reply.View, "lastWrite")}"
            );
        }

        async Task TellStatusAsync(int number, bool others)
        {
            var reply = await set.RunAsync(number, "admin", """{"replSetGetStatus":1}""");
            lines.Add(Named(set, $"status of {number}: {Pick(reply.View, Status)}"));
            foreach (var member in reply.View["members"u8].AsDocument)
            {
                if (others || member.AsDocument.Has("self"u8))
                {
                    var optime = Fields(member.AsDocument, "optime");
                    lines.Add(Named(set, $"{Pick(member.AsDocument, Member)} optime: {optime}"));
                }
            }

            var optimes = reply.View["optimes"u8].AsDocument;
            var committed = optimes["lastCommittedOpTime"u8].AsDocument["ts"u8].AsTimestamp;
            // Not told while the member has no snapshot.
            var readable = optimes.TryGet("readConcernMajorityOpTime"u8, out var point)
                ? point.AsDocument["ts"u8].AsTimestamp
                : committed;
            var applied = optimes["appliedOpTime"u8].AsDocument["ts"u8].AsTimestamp;
            lines.Add($"in order: {readable <= committed && committed <= applied && readable > 0}");
            optimes.Has("durableOpTime"u8).ShouldBeTrue();
            reply.View["term"u8].Type.ShouldBe(BsonType.Int64);
        }

        async Task TellConfigAsync(int number)
        {
            var reply = await set.RunAsync(number, "admin", """{"replSetGetConfig":1}""");
            var config = reply.View["config"u8].AsDocument;
            lines.Add(Named(set, Pick(config, ["_id", "version", "protocolVersion", "members"])));
            var settings = config["settings"u8].AsDocument;
            lines.Add(Pick(settings, ["electionTimeoutMillis", "chainingAllowed", "getLastErrorDefaults"]));
            lines.Add($"{settings["replicaSetId"u8].Type}");
        }

        async Task AskAsync(int number, string database, string command)
        {
            string answer;
            try
            {
                var reply = await set.RunAsync(number, database, command);
                answer = reply.View.TryGet("writeConcernError"u8, out var late)
                    ? $"writeConcernError {late.AsDocument["code"u8].ToInt64()} {Pick(late.AsDocument, ["codeName", "errInfo"])}"
                    : Pick(reply.View, ["n", "cursor", "ok"]);
            }
            catch (CommandException refused)
            {
                answer = $"{refused.ServerCode} {refused.CodeName}";
            }

            lines.Add($"{number} {command}: {answer}");
        }
    }

    /// <summary>Everybody sees that member as the primary, and all have the same.</summary>
    private static async Task SettledAsync(ReplicaSetUnderTest set, int primary)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (var number = 0; number < set.Count; )
        {
            await Task.Delay(100, limit.Token);
            var hello = await set.RunAsync(number, "admin", """{"isMaster":1}""");
            var status = await set.RunAsync(number, "admin", """{"replSetGetStatus":1}""");
            var isSettled =
                hello.View.TryGet("primary"u8, out var told)
                && told.AsString == set.Address(primary).ToString()
                // Not told before the member has had its first snapshot.
                && hello.View["lastWrite"u8].AsDocument.Has("majorityOpTime"u8)
                && status.View["optimes"u8].AsDocument.Has("readConcernMajorityOpTime"u8)
                && Optimes(status.View).Distinct().Count() == 1;
            number += isSettled ? 1 : 0;
        }

        set.Client.RequestCheck();
        while (await set.PrimaryAsync(limit.Token) != primary)
        {
            await Task.Delay(100, limit.Token);
        }
    }

    private static List<string> Optimes(BsonView status)
    {
        var all = new List<string>();
        foreach (var member in status["members"u8].AsDocument)
        {
            var isArbiter = member.AsDocument["state"u8].ToInt64() == 7;
            var isWell = member.AsDocument["state"u8].ToInt64() is 1 or 2;
            if (!isArbiter)
            {
                all.Add(isWell ? ExtendedJson.ToText(member.AsDocument["optime"u8].AsDocument) : "not well");
            }
        }

        all.Add(ExtendedJson.ToText(status["optimes"u8].AsDocument["lastCommittedOpTime"u8].AsDocument));
        return all;
    }

    private static async Task GoneAsync(ReplicaSetUnderTest set, int number)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                var hello = await set.RunAsync(number, "admin", """{"isMaster":1}""");
                if (hello.View.Has("info"u8))
                {
                    return;
                }
            }
            catch (BackupException)
            {
                // It closes its connections when it is removed.
            }

            await Task.Delay(100, limit.Token);
        }
    }

    /// <summary>Waits until a member has given up the others.</summary>
    private static async Task LostAsync(ReplicaSetUnderTest set, int asked, int[] others)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (var lost = 0; lost < others.Length; await Task.Delay(100, limit.Token))
        {
            lost = 0;
            var status = await set.RunAsync(asked, "admin", """{"replSetGetStatus":1}""");
            foreach (var member in status.View["members"u8].AsDocument)
            {
                var isLost = member.AsDocument["health"u8].ToDouble() == 0;
                lost += isLost && others.Contains((int)member.AsDocument["_id"u8].ToInt64()) ? 1 : 0;
            }
        }
    }

    private static async Task<string> ElectionAsync(ReplicaSetUnderTest set, int number)
    {
        var hello = await set.RunAsync(number, "admin", """{"isMaster":1}""");
        return Convert.ToHexString(hello.View["electionId"u8].AsObjectId);
    }

    /// <summary>Some fields in the order asked for, as canonical extended JSON.</summary>
    private static string Pick(BsonView document, string[] names)
    {
        var bytes = document.Bytes.ToArray();
        var picked = BsonDocument.Build(w =>
        {
            foreach (var name in names)
            {
                if (new BsonView(bytes).TryGet(Encoding.UTF8.GetBytes(name), out var value))
                {
                    w.Element(value);
                }
            }
        });
        return ExtendedJson.ToText(picked.View, ExtendedJsonMode.Canonical);
    }

    private static string Fields(BsonView document, string name)
    {
        if (!document.TryGet(Encoding.UTF8.GetBytes(name), out var field))
        {
            return "none";
        }

        var names = new List<string>();
        foreach (var part in field.AsDocument)
        {
            // A real member tells nothing of the majority while it has no snapshot of it, whenever that is.
            if (!part.NameText.StartsWith("majority", StringComparison.Ordinal))
            {
                names.Add($"{part.NameText} {part.Type}");
            }
        }

        return string.Join(", ", names);
    }

    private static string Named(ReplicaSetUnderTest set, string line)
    {
        for (var number = 0; number < set.Count; number++)
        {
            line = line.Replace(set.Address(number).ToString(), $"member{number}", StringComparison.Ordinal);
        }

        return line;
    }
}
