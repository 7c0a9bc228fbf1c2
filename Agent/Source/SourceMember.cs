using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Source;

/// <summary>
/// The one member that is read from, and the set that it belongs to. The member has a client of its own, which also reaches a hidden
/// one, and which fails at once instead of waiting for another member.
/// </summary>
/// <param name="why">Why it was chosen, for people.</param>
internal sealed class SourceMember(
    MongoClient set,
    MongoClient own,
    HostAddress host,
    int maxWireVersion,
    string why = ""
) : IAsyncDisposable
{
    /// <summary>MongoDB 4.2: the last whose find knows the flag oplogReplay.</summary>
    private const int OplogReplayMaxWire = 8;

    /// <summary>Of the whole replica set; it outlives this member.</summary>
    public MongoClient Set => set;

    /// <summary>Of this member alone.</summary>
    public MongoClient Client => own;

    public HostAddress Host => host;

    /// <summary>Why it was chosen, for people.</summary>
    public string Why => why;

    public ReadTarget Target { get; } = ReadTarget.On(host);

    /// <summary>
    /// Whether a find that begins somewhere in the oplog needs the flag <c>oplogReplay</c>, without which the server reads the oplog from its
    /// start; later servers find the place by themselves.
    /// </summary>
    public bool SeeksOplogByFlag => maxWireVersion <= OplogReplayMaxWire;

    /// <summary>As its monitor saw it last.</summary>
    public ServerDescription Seen => own.Topology.Servers[host];

    /// <summary>Runs a command on this member.</summary>
    public Task<CommandReply> RunAsync(string database, BsonDocument command, CancellationToken cancellation) =>
        own.RunCommandAsync(database, command, Target, cancellation);

    /// <summary>The newest entry that a majority has, as this member knows it.</summary>
    public async Task<Optime> MajorityAsync(CancellationToken cancellation)
    {
        using var status = await RunAsync("admin", Command("replSetGetStatus"), cancellation);
        return PointOf(status, "lastCommittedOpTime"u8);
    }

    /// <summary>
    /// What majority reads of this member see: not after <see cref="MajorityAsync"/>, and before it where the member has not applied as far.
    /// </summary>
    public async Task<Optime> ReadableMajorityAsync(CancellationToken cancellation)
    {
        using var status = await RunAsync("admin", Command("replSetGetStatus"), cancellation);
        return PointOf(status, "readConcernMajorityOpTime"u8);
    }

    /// <summary>The newest entry of this member, which a majority may never have.</summary>
    public async Task<Optime> AppliedAsync(CancellationToken cancellation)
    {
        using var status = await RunAsync("admin", Command("replSetGetStatus"), cancellation);
        return PointOf(status, "appliedOpTime"u8);
    }

    /// <summary>
    /// The newest entry that a majority has, as the primary knows it: no majority write that was acknowledged before is after it. Null where
    /// the primary was elected just now: what its predecessor acknowledged it has, but does not know yet as committed; it does as soon
    /// as an entry of its own term is committed.
    /// </summary>
    public async Task<Optime?> PrimaryMajorityAsync(CancellationToken cancellation)
    {
        using var status = await PrimaryStatusAsync(cancellation);
        var committed = PointOf(status, "lastCommittedOpTime"u8);
        var term = status.View.TryGet("term"u8, out var field) && field.IsNumber ? field.ToInt64() : -1;
        return committed.Term < term ? null : committed;
    }

    /// <summary>The newest entry of the primary: no member of the set has a committed one after it.</summary>
    public async Task<Optime> PrimaryAppliedAsync(CancellationToken cancellation)
    {
        using var status = await PrimaryStatusAsync(cancellation);
        return PointOf(status, "appliedOpTime"u8);
    }

    public ValueTask DisposeAsync() => own.DisposeAsync();

    /// <summary>Reads <c>{ts, t}</c>.</summary>
    public static Optime ReadOptime(BsonView document) =>
        Optime.FromTimestamp(
            document["ts"u8].AsTimestamp,
            document.TryGet("t"u8, out var term) && term.IsNumber ? term.ToInt64() : -1
        );

    internal static BsonDocument Command(string name) =>
        BsonDocument.Build(w => w.Int32(System.Text.Encoding.UTF8.GetBytes(name), 1));

    private Task<CommandReply> PrimaryStatusAsync(CancellationToken cancellation) =>
        set.RunCommandAsync("admin", Command("replSetGetStatus"), ReadTarget.Primary, cancellation);

    private static Optime PointOf(CommandReply status, ReadOnlySpan<byte> name)
    {
        if (!status.View.TryGet("optimes"u8, out var field))
        {
            throw AgentErrors.NoSet("replSetGetStatus names no optimes");
        }

        var optimes = field.AsDocument;
        return optimes.TryGet(name, out var point) || optimes.TryGet("lastCommittedOpTime"u8, out point)
            ? ReadOptime(point.AsDocument)
            : throw AgentErrors.NoSet("replSetGetStatus names no committed optime");
    }
}
