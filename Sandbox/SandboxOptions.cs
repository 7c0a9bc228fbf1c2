using System.Net;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox;

/// <summary>Which server the sandbox sounds like.</summary>
public enum WireProfile
{
    /// <summary>4.2.4: wire version 8, <c>$v: 1</c> updates, <c>createIndexes</c> entries.</summary>
    V42 = 42,

    /// <summary>5.0.0: wire version 13, <c>$v: 2</c> diffs, <c>startIndexBuild</c> and <c>commitIndexBuild</c>.</summary>
    V50 = 50,
}

/// <summary>A user of the <c>admin</c> database.</summary>
/// <param name="Name">As the client gives it.</param>
/// <param name="Password">Held in memory as SCRAM credentials only.</param>
/// <param name="Roles">Of <c>root</c>, <c>backup</c>, <c>clusterMonitor</c>, <c>clusterManager</c>, <c>readWrite</c>, <c>readWriteAnyDatabase</c>, <c>read</c>, <c>readAnyDatabase</c>.</param>
public sealed record SandboxUser(string Name, string Password, params IReadOnlyList<string> Roles);

/// <summary>How a sandbox is; every value has a default that fits a developer's machine.</summary>
public sealed record SandboxOptions
{
    public string ReplicaSetName { get; init; } = "sandbox";

    /// <summary>Port 0 takes one that is free.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);

    public WireProfile Profile { get; init; } = WireProfile.V42;

    /// <summary>Bytes of oplog entries after which the oldest go; 64 KiB and up, default 512 MiB.</summary>
    public long OplogBytes { get; init; } = 512L << 20;

    /// <summary>How often a no-op entry is written while nothing else is; zero (the default): never. A server: 10 s.</summary>
    public TimeSpan NoopInterval { get; init; }

    /// <summary>With users, commands are refused until one of them has logged in.</summary>
    public IReadOnlyList<SandboxUser> Users { get; init; } = [];

    /// <summary>Collections that are made up while they are read.</summary>
    public IReadOnlyList<SyntheticCollection> Synthetic { get; init; } = [];

    /// <summary>
    /// Bytes of operations that one entry of a transaction holds; the rest goes into further entries. 16 MiB as on a server; less makes
    /// chains out of small transactions.
    /// </summary>
    public int TransactionEntryBytes { get; init; } = 16 << 20;

    /// <summary>Transactions as MongoDB 4.0 logs them: always one entry, and refused where they do not fit into it.</summary>
    public bool SingleTransactionEntry { get; init; }

    /// <summary>Keeps every state that the data was in, for <see cref="SandboxReplicaSet.StateAt"/>. Memory grows with every write.</summary>
    public bool KeepHistory { get; init; }

    /// <summary>Default life of an idle cursor; 10 minutes as on a server.</summary>
    public TimeSpan CursorTimeout { get; init; } = TimeSpan.FromMinutes(10);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal string VersionText => Profile == WireProfile.V42 ? "4.2.4" : "5.0.0";

    internal string FeatureVersion => Profile == WireProfile.V42 ? "4.2" : "5.0";

    internal int MaxWireVersion => Profile == WireProfile.V42 ? 8 : 13;

    internal void Check()
    {
        if (ReplicaSetName.Length == 0)
        {
            throw SandboxErrors.InvalidOption(nameof(ReplicaSetName), "must not be empty");
        }

        if (TransactionEntryBytes is < 1 or > 16 << 20)
        {
            throw SandboxErrors.InvalidOption(nameof(TransactionEntryBytes), "must be 1 to 16777216");
        }

        if (OplogBytes < 64 << 10)
        {
            throw SandboxErrors.InvalidOption(nameof(OplogBytes), $"{OplogBytes} is less than 65536");
        }
    }
}

/// <summary>
/// A read-only collection whose documents are computed from their ordinal, so that gigabytes need no memory.
/// <c>_id</c> is the ordinal as an Int64, so <c>_id</c> order is the order of ordinals.
/// </summary>
/// <param name="Database">For example <c>big</c>.</param>
/// <param name="Name">For example <c>events</c>.</param>
/// <param name="Count">Documents, ordinals 0 to Count - 1.</param>
/// <param name="Generate">
/// The document of an ordinal: the same bytes at every call, <c>_id</c> first and equal to the ordinal (Int64), at most
/// 16 MiB. Called from several threads.
/// </param>
public sealed record SyntheticCollection(string Database, string Name, long Count, Func<long, BsonDocument> Generate)
{
    private const int Sampled = 8;
    private long? _estimate;

    /// <summary>Bytes of all documents, as far as the first few speak for the rest: what collStats tells.</summary>
    internal long EstimatedBytes => _estimate ??= Estimate();

    /// <summary>Documents <c>{_id, pad}</c> of about the given sizes in turn, their bytes random but fixed.</summary>
    /// <param name="sizes">Bytes of a document, 64 to 16 MiB each; ordinal n takes <c>sizes[n % sizes.Count]</c>.</param>
    /// <param name="entropy">0 to 1: the part of the bytes that does not compress.</param>
    public static SyntheticCollection Random(
        string database,
        string name,
        long count,
        IReadOnlyList<int> sizes,
        double entropy = 0.5
    )
    {
        if (sizes.Count == 0 || sizes.Any(size => size is < 64 or > 16 << 20))
        {
            throw SandboxErrors.InvalidOption(nameof(sizes), "each must be 64 to 16777216");
        }

        return new(database, name, count, ordinal => Filled(ordinal, sizes[(int)(ordinal % sizes.Count)], entropy));
    }

    private long Estimate()
    {
        var (bytes, sampled) = (0L, Math.Min(Count, Sampled));
        for (var ordinal = 0L; ordinal < sampled; ordinal++)
        {
            bytes += Generate(ordinal).Length;
        }

        return sampled == 0 ? 0 : bytes / sampled * Count;
    }

    private static BsonDocument Filled(long ordinal, int size, double entropy)
    {
        // { _id: ordinal, pad: BinData(0, …) } is 31 bytes and the payload.
        const int frame = 4 + (1 + 4 + 8) + (1 + 4 + 4 + 1) + 1;
        var payload = new byte[size - frame];
        const int stride = 4096;
        var random = new Random(unchecked((int)(ordinal * 2654435761)));
        for (var start = 0; start < payload.Length; start += stride)
        {
            var part = payload.AsSpan(start, Math.Min(stride, payload.Length - start));
            random.NextBytes(part[..(int)(part.Length * Math.Clamp(entropy, 0, 1))]);
        }

        using var writer = new BsonWriter(size + 64);
        writer.BeginDocument().Int64("_id"u8, ordinal).Binary("pad"u8, payload).EndDocument();
        return writer.ToDocument();
    }
}
