using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Foundation.Compression;

namespace Backup.Blockstore.Mongo;

/// <summary>How a store on MongoDB works.</summary>
public sealed record MongoStoreOptions
{
    /// <summary>Of the database that holds its collections, and nothing else.</summary>
    public string Database { get; init; } = "backup_blocks";

    /// <summary>1 to 19, 3 unless set.</summary>
    public int ZstdLevel { get; init; } = Zstd.DefaultLevel;

    /// <summary>Bytes of blocks that are put and not acknowledged yet; whoever puts beyond waits. 1 MiB to 1 GiB, 64 MiB unless set.</summary>
    public long InFlightBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Write commands under way at the same time; 1 to 32, 4 unless set.</summary>
    public int Writers { get; init; } = 4;

    /// <summary>How long a command is tried again while the set has no primary or cannot be reached; 2 min unless set.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>On a cluster: shards the collections by hashed <c>_id</c> when they are made. True unless set.</summary>
    public bool ShardsByHash { get; init; } = true;

    /// <summary>What sealed blocks are opened with.</summary>
    public ISealingKeys Keys { get; init; } = NoSealingKeys.Instance;

    /// <summary>How the processes that share the store get along.</summary>
    public SharedStoreOptions Sharing { get; init; } = new();

    /// <summary>For tests: what is longer is cut into parts of this length. Bytes.</summary>
    internal int PartBytes { get; init; } = MongoTalk.LargestData;
}
