using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Source;

/// <summary>
/// The one member that is read from: hidden secondaries first, then those of low priority, none that lags more than a minute; the
/// primary where there is no other.
/// </summary>
internal sealed record SourceMember(MongoClient Client, ReadTarget Target, int MaxWireVersion)
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);
    private const uint MostLagSeconds = 60;

    /// <summary>MongoDB 4.2: the last whose find knows the flag oplogReplay.</summary>
    private const int OplogReplayMaxWire = 8;

    /// <summary>
    /// Whether a find that begins somewhere in the oplog needs the flag <c>oplogReplay</c>, without which the server reads the oplog from its
    /// start; later servers find the place by themselves.
    /// </summary>
    public bool SeeksOplogByFlag => MaxWireVersion <= OplogReplayMaxWire;

    public static async Task<SourceMember> ChooseAsync(MongoClient client, CancellationToken cancellation)
    {
        foreach (var host in await CandidatesAsync(client, cancellation))
        {
            var target = ReadTarget.On(host);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(ProbeTimeout);
            try
            {
                var server = await client.SelectAsync(target, patience.Token);
                if (server.IsReadable)
                {
                    return new SourceMember(client, target, server.MaxWireVersion);
                }
            }
            catch (Exception failure)
                when (failure is BackupException
                    || (failure is OperationCanceledException && !cancellation.IsCancellationRequested)
                )
            {
                // Not to be reached from here: the next one.
            }
        }

        var any = await client.SelectAsync(ReadTarget.SecondaryPreferred, cancellation);
        return new SourceMember(client, ReadTarget.On(any.Address), any.MaxWireVersion);
    }

    /// <summary>Runs a command on this member.</summary>
    public Task<CommandReply> RunAsync(string database, BsonDocument command, CancellationToken cancellation) =>
        Client.RunCommandAsync(database, command, Target, cancellation);

    /// <summary>The newest entry that a majority has, as this member knows it.</summary>
    public Task<Optime> MajorityAsync(CancellationToken cancellation) =>
        PointAsync(Target, "lastCommittedOpTime"u8.ToArray(), cancellation);

    /// <summary>
    /// What majority reads of this member see: not after <see cref="MajorityAsync"/>, and before it where the member has not applied as far.
    /// </summary>
    public Task<Optime> ReadableMajorityAsync(CancellationToken cancellation) =>
        PointAsync(Target, "readConcernMajorityOpTime"u8.ToArray(), cancellation);

    /// <summary>The newest entry that a majority has, as the primary knows it: acknowledged majority writes are not after it.</summary>
    public Task<Optime> PrimaryMajorityAsync(CancellationToken cancellation) =>
        PointAsync(ReadTarget.PrimaryPreferred, "lastCommittedOpTime"u8.ToArray(), cancellation);

    /// <summary>The newest entry of the primary: no member of the set has a committed one after it.</summary>
    public Task<Optime> PrimaryAppliedAsync(CancellationToken cancellation) =>
        PointAsync(ReadTarget.Primary, "appliedOpTime"u8.ToArray(), cancellation);

    /// <summary>Reads <c>{ts, t}</c>.</summary>
    public static Optime ReadOptime(BsonView document) =>
        Optime.FromTimestamp(
            document["ts"u8].AsTimestamp,
            document.TryGet("t"u8, out var term) && term.IsNumber ? term.ToInt64() : -1
        );

    private async Task<Optime> PointAsync(ReadTarget target, byte[] name, CancellationToken cancellation)
    {
        using var reply = await Client.RunCommandAsync("admin", Command("replSetGetStatus"), target, cancellation);
        if (!reply.View.TryGet("optimes"u8, out var field))
        {
            throw AgentErrors.NoSet("replSetGetStatus names no optimes");
        }

        var optimes = field.AsDocument;
        return optimes.TryGet(name, out var point) || optimes.TryGet("lastCommittedOpTime"u8, out point)
            ? ReadOptime(point.AsDocument)
            : throw AgentErrors.NoSet("replSetGetStatus names no committed optime");
    }

    internal static BsonDocument Command(string name) =>
        BsonDocument.Build(w => w.Int32(System.Text.Encoding.UTF8.GetBytes(name), 1));

    private static async Task<IReadOnlyList<HostAddress>> CandidatesAsync(
        MongoClient client,
        CancellationToken cancellation
    )
    {
        var any = await client.SelectAsync(ReadTarget.SecondaryPreferred, cancellation);
        if (client.Topology.Type == TopologyType.Sharded)
        {
            throw AgentErrors.Unsupported(
                $"{any.Address} is a mongos: the agent reads replica sets.",
                "Give the URIs of the shards' and the config servers' replica sets, each as a deployment of its own."
            );
        }

        // Named as a whole and first: the next command would only say that it is refused itself.
        await Privileges.CheckAsync(
            new SourceMember(client, ReadTarget.On(any.Address), any.MaxWireVersion),
            cancellation
        );
        if (client.Topology.Type == TopologyType.Single)
        {
            return [any.Address];
        }

        var target = ReadTarget.On(any.Address);
        var fresh = await FreshSecondariesAsync(client, target, cancellation);
        using var reply = await client.RunCommandAsync("admin", Command("replSetGetConfig"), target, cancellation);
        var ranked = new List<(HostAddress Host, bool Hidden, double Priority)>();
        foreach (var item in reply.View["config"u8].AsDocument["members"u8].AsDocument)
        {
            var member = item.AsDocument;
            var name = member["host"u8].AsString;
            var delayed =
                (member.TryGet("slaveDelay"u8, out var old) && old.ToDouble() > 0)
                || (member.TryGet("secondaryDelaySecs"u8, out var delay) && delay.ToDouble() > 0);
            if (fresh.Contains(name) && !delayed)
            {
                ranked.Add(
                    (
                        HostAddress.Parse(name),
                        member.TryGet("hidden"u8, out var hidden) && hidden.ToBoolean(),
                        member.TryGet("priority"u8, out var priority) ? priority.ToDouble() : 1
                    )
                );
            }
        }

        return [.. ranked.OrderByDescending(one => one.Hidden).ThenBy(one => one.Priority).Select(one => one.Host)];
    }

    private static async Task<HashSet<string>> FreshSecondariesAsync(
        MongoClient client,
        ReadTarget target,
        CancellationToken cancellation
    )
    {
        const int secondary = 2;
        using var reply = await client.RunCommandAsync("admin", Command("replSetGetStatus"), target, cancellation);
        var members = new List<(string Name, long State, Optime Optime)>();
        foreach (var item in reply.View["members"u8].AsDocument)
        {
            var member = item.AsDocument;
            if (member.TryGet("optime"u8, out var optime) && optime.Type == BsonType.Document)
            {
                members.Add((member["name"u8].AsString, member["state"u8].ToInt64(), ReadOptime(optime.AsDocument)));
            }
        }

        var newest = members.Count == 0 ? 0 : members.Max(one => one.Optime.T);
        return
        [
            .. members
                .Where(one => one.State == secondary && newest - one.Optime.T <= MostLagSeconds)
                .Select(one => one.Name),
        ];
    }
}
