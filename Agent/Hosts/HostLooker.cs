using Backup.Agent.Source;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Hosts;

/// <summary>Reads the ends of servers' logs and their slow operations, with bounds on all of it. It changes nothing: a profiler that is off stays off.</summary>
internal sealed class HostLooker(SourceMember member, HostLook look, TimeProvider time)
{
    private const int MostDatabases = 20;
    private const int MostHosts = 50;

    /// <summary>Seconds of a year: a server's log in memory spans less.</summary>
    private const long LongestBack = 366L * 24 * 3600;

    private readonly long _milliseconds = look.SlowMilliseconds is { } slow ? Math.Max(1, slow) : long.MaxValue;
    private int _left = HostLimits.AnswerLength;

    /// <exception cref="BackupException">7037 where the host that is asked for is none of the source's.</exception>
    public async Task<IReadOnlyList<HostExcerpt>> LookAsync(CancellationToken cancellation)
    {
        var hosts = member
            .Set.Topology.Servers.Values.Where(static one => one.IsReadable)
            .Select(static one => one.Address)
            .Where(one => one != member.Host)
            .Prepend(member.Host)
            .Where(one => look.Host is null || one.ToString() == look.Host)
            .Take(MostHosts)
            .ToList();
        if (hosts.Count == 0)
        {
            throw AgentErrors.NoSuchHost(look.Host ?? "");
        }

        var excerpts = new List<HostExcerpt>();
        foreach (var host in hosts)
        {
            excerpts.Add(await OfAsync(host, cancellation));
        }

        return excerpts;
    }

    private async Task<HostExcerpt> OfAsync(HostAddress host, CancellationToken cancellation)
    {
        var client = host == member.Host ? member.Client : member.Set;
        var target = ReadTarget.On(host);
        var troubles = new List<string>();
        var (lines, isCut) = await TryAsync(() => LinesAsync(client, target, cancellation), ([], false), troubles);
        List<SlowOperation> operations = [];
        if (look.SlowMilliseconds is not null)
        {
            operations.AddRange(await TryAsync(() => RunningAsync(client, target, cancellation), [], troubles));
            operations.AddRange(await TryAsync(() => ProfiledAsync(client, target, cancellation), [], troubles));
        }

        var slowest = operations
            .OrderByDescending(static one => one.Milliseconds)
            .Take(HostLimits.MostOperations)
            .TakeWhile(one => Fits(one.Command.Length + one.Namespace.Length))
            .ToList();
        return new HostExcerpt(
            host.ToString(),
            lines,
            isCut || slowest.Count < operations.Count,
            slowest,
            troubles.Count == 0 ? null : string.Join(" ", troubles.Distinct())
        );
    }

    private async Task<(IReadOnlyList<string> Lines, bool IsCut)> LinesAsync(
        MongoClient client,
        ReadTarget target,
        CancellationToken cancellation
    )
    {
        if (look.Lines == 0)
        {
            return ([], false);
        }

        var command = BsonDocument.Build(static w => w.String("getLog"u8, "global"));
        using var reply = await client.RunCommandAsync("admin", command, target, cancellation);
        var all = new List<string>();
        foreach (var line in reply.View["log"u8].AsDocument)
        {
            if (line.Type == BsonType.String)
            {
                all.Add(line.AsString);
            }
        }

        var since = look.SinceSeconds is { } seconds
            ? time.GetUtcNow().AddSeconds(-Math.Clamp(seconds, 0, LongestBack))
            : DateTimeOffset.MinValue;
        // Newest first until there is no more room.
        var wanted = all.AsEnumerable()
            .Reverse()
            .TakeWhile(line => LogLine.At(line) is not { } at || at >= since)
            .Where(line => look.Severity is not { } severity || LogLine.IsAtLeast(line, severity))
            .ToList();
        var told = wanted
            .Take(Math.Clamp(look.Lines, 0, HostLimits.MostLines))
            .Select(line => look.ShowsValues ? LogLine.Cut(line) : LogLine.Shape(line))
            .TakeWhile(line => Fits(line.Length))
            .Reverse()
            .ToList();
        return (told, told.Count < wanted.Count);
    }

    private async Task<List<SlowOperation>> RunningAsync(
        MongoClient client,
        ReadTarget target,
        CancellationToken cancellation
    )
    {
        var command = BsonDocument.Build(w =>
            w.Int32("currentOp"u8, 1)
                .Boolean("active"u8, true)
                .Document(
                    "microsecs_running"u8,
                    BsonDocument.Build(m => m.Int64("$gte"u8, Math.Min(_milliseconds, long.MaxValue / 1000) * 1000))
                )
        );
        using var reply = await client.RunCommandAsync("admin", command, target, cancellation);
        var found = new List<SlowOperation>();
        foreach (var item in reply.View["inprog"u8].AsDocument)
        {
            var one = item.AsDocument;
            // What servers do among themselves runs for ever.
            if (Text(one, "ns"u8) is { Length: > 0 } ns && !ns.StartsWith("local.", StringComparison.Ordinal))
            {
                found.Add(Operation("running", one, ns, Number(one, "microsecs_running"u8) / 1000));
            }
        }

        return found;
    }

    /// <summary>Of databases whose profiler is on.</summary>
    private async Task<List<SlowOperation>> ProfiledAsync(
        MongoClient client,
        ReadTarget target,
        CancellationToken cancellation
    )
    {
        var list = BsonDocument.Build(static w => w.Int32("listDatabases"u8, 1).Boolean("nameOnly"u8, true));
        using var databases = await client.RunCommandAsync("admin", list, target, cancellation);
        var found = new List<SlowOperation>();
        var names = new List<string>();
        foreach (var item in databases.View["databases"u8].AsDocument)
        {
            names.Add(item.AsDocument["name"u8].AsString);
        }

        foreach (var name in names.Where(static one => one is not ("local" or "config")).Take(MostDatabases))
        {
            var level = BsonDocument.Build(static w => w.Int32("profile"u8, -1));
            using var state = await client.RunCommandAsync(name, level, target, cancellation);
            if (Number(state.View, "was"u8) > 0)
            {
                found.AddRange(await ProfiledAsync(client, name, target, cancellation));
            }
        }

        return found;
    }

    private async Task<List<SlowOperation>> ProfiledAsync(
        MongoClient client,
        string database,
        ReadTarget target,
        CancellationToken cancellation
    )
    {
        var command = BsonDocument.Build(w =>
            w.String("find"u8, "system.profile")
                .Document(
                    "filter"u8,
                    BsonDocument.Build(f =>
                        f.Document("millis"u8, BsonDocument.Build(m => m.Int64("$gte"u8, _milliseconds)))
                    )
                )
                .Document("sort"u8, BsonDocument.Build(static s => s.Int32("$natural"u8, -1)))
                .Int32("limit"u8, HostLimits.MostOperations)
                .Boolean("singleBatch"u8, true)
        );
        using var reply = await client.RunCommandAsync(database, command, target, cancellation);
        var found = new List<SlowOperation>();
        foreach (var item in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            var one = item.AsDocument;
            found.Add(Operation("profile", one, Text(one, "ns"u8), Number(one, "millis"u8)));
        }

        return found;
    }

    private SlowOperation Operation(string source, BsonView one, string ns, long milliseconds)
    {
        var command =
            one.TryGet("command"u8, out var sent) && sent.Type == BsonType.Document ? sent.AsDocument
            : one.TryGet("query"u8, out var query) && query.Type == BsonType.Document ? query.AsDocument
            : BsonDocument.Empty.View;
        var plan = Text(one, "planSummary"u8);
        return new SlowOperation(
            source,
            Text(one, "op"u8),
            ns,
            milliseconds,
            plan.Length == 0 ? null
                : look.ShowsValues ? plan
                : LogLine.Cut(plan),
            LogLine.Cut(look.ShowsValues ? ExtendedJson.ToText(command) : QueryShape.Of(command))
        );
    }

    /// <summary>What is not allowed, or not known to a release, is told, and keeps none of the rest.</summary>
    private static async Task<T> TryAsync<T>(Func<Task<T>> read, T otherwise, List<string> troubles)
    {
        try
        {
            return await read();
        }
        catch (BackupException failure)
        {
            troubles.Add($"{failure.Code} {failure.Message}");
            return otherwise;
        }
    }

    private bool Fits(int length)
    {
        _left -= length;
        return _left >= 0;
    }

    private static string Text(BsonView document, ReadOnlySpan<byte> name) =>
        document.TryGet(name, out var field) && field.Type == BsonType.String ? field.AsString : "";

    private static long Number(BsonView document, ReadOnlySpan<byte> name) =>
        document.TryGet(name, out var field) && field.IsNumber ? (long)field.ToDouble() : 0;
}
