using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Foundation.Compression;

namespace Backup.Blockstore.S3;

/// <summary>Where an S3 store is, and how it works. Keys are in no text that this makes.</summary>
public sealed record S3StoreOptions
{
    /// <summary>Must exist; may hold other things beside <see cref="Prefix"/>.</summary>
    public required string Bucket { get; init; }

    /// <summary>Of all keys of the store, without a slash at its end; empty: the whole bucket is the store's.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Of a service that speaks S3, for example <c>https://minio.example:9000</c>; null: Amazon's of the region.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>For the signature, and for Amazon's endpoint.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Buckets in the path instead of in the host's name, as most services other than Amazon's want it. True unless set.</summary>
    public bool UsesPaths { get; init; } = true;

    /// <summary>Null: as Amazon's programs find them (variables, shared file, role of the machine).</summary>
    public string? AccessKey { get; init; }

    public string? SecretKey { get; init; }

    /// <summary>PEM file of the authorities that the endpoint's certificate may come from; null: those of the system.</summary>
    public string? CertificateAuthorities { get; init; }

    /// <summary>
    /// How long nobody, not even who holds the keys, may remove a pack after it was written; the bucket must have object lock. Null: no lock. What a
    /// groom removes before that keeps its room until the lock ends.
    /// </summary>
    public TimeSpan? LockFor { get; init; }

    /// <summary>A pack is published once it is this long; 1 MiB to 256 MiB, 32 MiB unless set. It is kept in memory until then.</summary>
    public int PackBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>What is longer is sent in parts of this length; 5 MiB to 1 GiB, 16 MiB unless set.</summary>
    public int PartBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>1 to 19, 3 unless set.</summary>
    public int ZstdLevel { get; init; } = Zstd.DefaultLevel;

    /// <summary>How long a request is tried again; 2 min unless set.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>What sealed blocks are opened with.</summary>
    public ISealingKeys Keys { get; init; } = NoSealingKeys.Instance;

    /// <summary>How the processes that share the store get along. A request costs money here: a sign of life every 15 s unless set.</summary>
    public SharedStoreOptions Sharing { get; init; } =
        new() { BeatInterval = TimeSpan.FromSeconds(15), SilenceLimit = TimeSpan.FromMinutes(5) };

    /// <summary>Without the keys.</summary>
    public override string ToString() => $"S3 {Endpoint?.Host ?? Region}/{Bucket}/{Prefix}";
}
