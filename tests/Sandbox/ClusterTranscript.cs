using System.Text.RegularExpressions;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Tests.Support;

namespace Backup.Tests.Sandbox;

/// <summary>
/// What a cluster answers, and what it leaves in the oplogs and in the config servers, as lines that are the same wherever they were written: without
/// ids, times and hosts. The shard that has the database first is <c>P</c>, the other one <c>O</c>.
/// </summary>
internal sealed partial class ClusterTranscript(ShardedClusterUnderTest cluster, string database)
{
    private static readonly string[] Internal =
    [
        "operationTime",
        "$clusterTime",
        "$gleStats",
        "lastCommittedOpTime",
        "$configServerState",
        "electionId",
        "opTime",
    ];

    /// <summary>What a server writes by itself, at times of its own.</summary>
    private static readonly string[] OwnBusiness =
    [
        "config.lockpings",
        "config.mongos",
        "config.locks",
        "config.cache.",
        "config.system.sessions",
        "config.$cmd",
    ];

    private readonly Dictionary<string, ulong> _seen = [];
    private string? _primary;

    public List<string> Lines { get; } = [];

    /// <summary>The commands may say <c>P</c> and <c>O</c> for shards, quoted.</summary>
    public async Task FindPrimaryAsync()
    {
        var found = await cluster.RunAsync("config", $$"""{"find":"databases","filter":{"_id":"{{database}}"} }""");
        _primary = ShardedClusterUnderTest.Batch(found)[0].View["primary"u8].AsString;
    }

    /// <summary>Asks a router, and tells what it answers.</summary>
    public Task AskAsync(string command, string? of = null) =>
        TellAsync(command, () => cluster.RunAsync(of ?? database, Named(command)));

    public Task AskAdminAsync(string command) => AskAsync(command, "admin");

    /// <summary>Asks the member of a shard or the config servers.</summary>
    public Task AskOnAsync(string set, string of, string command) =>
        TellAsync($"{set} {command}", () => cluster.RunOnAsync(NameOf(set), of, Named(command)));

    /// <summary>Tells what has come into the oplogs since it was asked for last, set by set.</summary>
    public async Task TellEntriesAsync(bool silently = false)
    {
        foreach (var set in new[] { ShardedClusterUnderTest.ConfigServers, "P", "O" })
        {
            var after = _seen.GetValueOrDefault(set);
            var entries = await cluster.FindOnAsync(
                NameOf(set),
                "local",
                $$"""
                {"find":"oplog.rs","filter":{"ts":{"$gt":{"$timestamp":{"t":{{after >> 32}},"i":{{(uint)after}} } } } },
                 "batchSize":10000}
                """
            );
            foreach (var entry in entries)
            {
                _seen[set] = entry.View["ts"u8].AsTimestamp;
                if (!silently && Describe(entry.View) is { } line)
                {
                    Lines.Add($"  {set} {Clean(line)}");
                }
            }
        }
    }

    /// <summary>Tells all documents of a collection of the config servers that are about the database, in the order of their ids.</summary>
    public async Task TellConfigAsync(string collection)
    {
        var found = await cluster.RunAsync("config", $$"""{"find":"{{collection}}","sort":{"_id":1} }""");
        foreach (var document in ShardedClusterUnderTest.Batch(found))
        {
            var text = ExtendedJson.ToText(Kept(document.View).View);
            if (text.Contains(database, StringComparison.Ordinal) || collection is "shards" or "settings" or "version")
            {
                Lines.Add($"  config.{collection}: {Clean(text)}");
            }
        }
    }

    private async Task TellAsync(string command, Func<Task<BsonDocument>> ask)
    {
        string answer;
        try
        {
            answer = Clean(ExtendedJson.ToText(Kept((await ask()).View).View));
            if (command.Contains("getShardMap", StringComparison.Ordinal))
            {
                // Sorted by names that hold ports.
                answer = string.Join(',', answer.Split(['{', '}', ',']).Order(StringComparer.Ordinal));
            }
        }
        catch (CommandException refused)
        {
            answer = $"{refused.ServerCode} {refused.CodeName} {string.Join(',', refused.Labels)}";
        }
        catch (BackupException failed)
        {
            answer = $"{failed.Number}";
        }

        Lines.Add($"{command} -> {answer}");
    }

    private string NameOf(string set) =>
        set switch
        {
            "P" => _primary!,
            "O" => _primary == "s0" ? "s1" : "s0",
            _ => set,
        };

    private string Named(string command) =>
        command
            .Replace("\"P\"", $"\"{NameOf("P")}\"", StringComparison.Ordinal)
            .Replace("\"O\"", $"\"{NameOf("O")}\"", StringComparison.Ordinal);

    private static string? Describe(BsonView entry)
    {
        var ns = entry["ns"u8].AsString;
        var o = entry["o"u8].AsDocument;
        if (
            Array.Exists(OwnBusiness, own => ns.StartsWith(own, StringComparison.Ordinal))
                && !(ns == "config.$cmd" && o.First.NameIs("applyOps"u8))
            || (entry["op"u8].AsString == "n" && ns.Length == 0 && !o.Has("token"u8))
        )
        {
            return null;
        }

        if (ns == "config.changelog")
        {
            return $"log {o["what"u8].AsString} {o["ns"u8].AsString}";
        }

        return entry["op"u8].AsString + " " + ExtendedJson.ToText(Picked(entry).View);
    }

    /// <summary>The parts of an entry that say what has happened.</summary>
    private static BsonDocument Picked(BsonView entry)
    {
        var bytes = entry.Bytes.ToArray();
        // A shard writes to the config servers by retryable writes, the sandbox's does it directly.
        var isConfig = entry["ns"u8].AsString.StartsWith("config.", StringComparison.Ordinal);
        string[] told = isConfig
            ? ["ns", "fromMigrate", "o2", "o"]
            : ["ns", "ui", "fromMigrate", "o2", "lsid", "txnNumber", "stmtId", "o"];
        return BsonDocument.Build(w =>
        {
            foreach (var name in told)
            {
                if (new BsonView(bytes).TryGet(System.Text.Encoding.UTF8.GetBytes(name), out var field))
                {
                    w.Element(field);
                }
            }
        });
    }

    private static BsonDocument Kept(BsonView reply)
    {
        var bytes = reply.Bytes.ToArray();
        return BsonDocument.Build(w =>
        {
            foreach (var field in new BsonView(bytes))
            {
                if (field.NameIs("cursor"u8) || field.NameIs("shards"u8) && field.Type == BsonType.Document)
                {
                    WriteSorted(w, field);
                }
                else if (!Internal.Contains(field.NameText))
                {
                    w.Element(field);
                }
            }
        });
    }

    /// <summary>Fields by name: a server has them in one order here and in another there.</summary>
    private static void WriteSorted(BsonWriter writer, BsonElement document)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var field in document.AsDocument)
        {
            names.Add(field.NameText);
        }

        writer.BeginDocument(document.Name);
        foreach (var name in names)
        {
            writer.Element(document.AsDocument[System.Text.Encoding.UTF8.GetBytes(name)]);
        }

        writer.EndDocument();
    }

    private string Clean(string text)
    {
        text = Times().Replace(text, static found => found.Groups[1].Length > 6 ? "\"time\"" : found.Value);
        text = Binaries().Replace(text, "\"bytes\"");
        text = Ids().Replace(text, "\"id\"");
        text = Dates().Replace(text, "\"date\"");
        text = Took().Replace(text, "\"millis\":0");
        text = Rounds().Replace(text, "\"numBalancerRounds\":0");
        text = Messages().Replace(text, "");
        text = History().Replace(text, "$1]");
        foreach (var set in new[] { "P", "O", ShardedClusterUnderTest.ConfigServers })
        {
            text = text.Replace(cluster.Address(NameOf(set)).ToString(), $"host{set}", StringComparison.Ordinal)
                .Replace($"\"{NameOf(set)}\"", $"\"{set}\"", StringComparison.Ordinal)
                .Replace($"\"{NameOf(set)}/", $"\"{set}/", StringComparison.Ordinal)
                .Replace($"shard {NameOf(set)} ", $"shard {set} ", StringComparison.Ordinal);
        }

        return text;
    }

    [GeneratedRegex("""\{"\$timestamp":\{"t":(\d+),"i":\d+\}\}""", RegexOptions.None, 10_000)]
    private static partial Regex Times();

    [GeneratedRegex("""\{"\$(binary|uuid)":(\{[^}]*\}|"[^"]*")\}""", RegexOptions.None, 10_000)]
    private static partial Regex Binaries();

    [GeneratedRegex("""\{"\$oid":"[0-9a-f]{24}"\}""", RegexOptions.None, 10_000)]
    private static partial Regex Ids();

    [GeneratedRegex("""\{"\$date":("[^"]*"|\{[^}]*\})\}""", RegexOptions.None, 10_000)]
    private static partial Regex Dates();

    [GeneratedRegex("\"millis\":\\d+", RegexOptions.None, 10_000)]
    private static partial Regex Took();

    [GeneratedRegex("\"numBalancerRounds\":\\d+", RegexOptions.None, 10_000)]
    private static partial Regex Rounds();

    /// <summary>Of writes: what is wrong is said by the code.</summary>
    [GeneratedRegex(",\"errmsg\":\"([^\"\\\\]|\\\\.)*\"", RegexOptions.None, 10_000)]
    private static partial Regex Messages();

    /// <summary>A server forgets the older part of a chunk's history after some seconds.</summary>
    [GeneratedRegex("""("history":\[\{[^}]*\})[^\]]*\]""", RegexOptions.None, 10_000)]
    private static partial Regex History();
}
