using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Daemon.Targets;

/// <summary>How a restore into MongoDB goes.</summary>
/// <param name="Drop">Collections of the target that the restore brings are removed first; else they must not hold anything.</param>
/// <param name="Parallelism">Batches under way at the same time; 1 to 64.</param>
/// <param name="Resume">
/// Goes on with a restore of the same that was broken off: what is missing is filled up. What cannot be, capped collections for example, is dropped
/// and made anew.
/// </param>
/// <param name="Hashes">Every byte is compared in the end; else the number of documents alone.</param>
public sealed record TargetOptions(bool Drop = false, int Parallelism = 4, bool Resume = false, bool Hashes = true);

/// <param name="Phase">What is done now, for people.</param>
/// <param name="Namespace">Of what; empty where it is everything.</param>
/// <param name="Documents">Restored so far.</param>
/// <param name="Bytes">Their BSON bytes.</param>
/// <param name="ExpectedBytes">An estimate of all.</param>
public readonly record struct TargetProgress(
    string Phase,
    string Namespace,
    long Documents,
    long Bytes,
    long ExpectedBytes
);

/// <param name="Collections">Collections and views.</param>
/// <param name="Documents">Restored, and counted in the target.</param>
/// <param name="Bytes">Their BSON bytes.</param>
/// <param name="Notices">What is not as it was, for people.</param>
public sealed record TargetResult(int Collections, long Documents, long Bytes, IReadOnlyList<string> Notices)
{
    /// <summary>Of the documents those that an earlier run had restored.</summary>
    public long AlreadyThere { get; init; }

    /// <summary>Users and roles that were merged into the target's.</summary>
    public long Users { get; init; }
}

/// <summary>A running MongoDB that is restored into: a replica set, or a cluster through its mongos.</summary>
public sealed class RestoreTarget : IAsyncDisposable
{
    // An index of a large collection takes hours to build; a server that dies meanwhile is noticed by TCP.
    private static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    private RestoreTarget(MongoClient client, MongoClient patient, bool isCluster)
    {
        Client = client;
        Patient = patient;
        IsCluster = isCluster;
    }

    /// <summary>Whether it is a mongos.</summary>
    public bool IsCluster { get; }

    internal MongoClient Client { get; }

    /// <summary>For commands that may take hours.</summary>
    internal MongoClient Patient { get; }

    /// <exception cref="Foundation.Errors.BackupException">2100 to 2135: the URI is wrong, or nobody answers who could be written to.</exception>
    public static async Task<RestoreTarget> OpenAsync(string uri, CancellationToken cancellation)
    {
        var parsed = ConnectionString.Parse(uri);
        var options = new MongoClientOptions { ApplicationName = "backup restore" };
        var client = await MongoClient.OpenAsync(parsed, options, cancellation);
        try
        {
            var server = await client.SelectAsync(ReadTarget.Primary, cancellation);
            var patient = await MongoClient.OpenAsync(parsed, options with { ReadTimeout = Patience }, cancellation);
            return new RestoreTarget(client, patient, server.Type == ServerType.Mongos);
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Tells a server that stands by itself to end; it may do so without an answer, which is a passing error.</summary>
    internal async Task ShutDownAsync(CancellationToken cancellation)
    {
        using var reply = await Patient.RunCommandAsync(
            "admin",
            BsonDocument.Build(static w => w.Int32("shutdown"u8, 1)),
            ReadTarget.Primary,
            cancellation
        );
    }

    public async ValueTask DisposeAsync()
    {
        await Patient.DisposeAsync();
        await Client.DisposeAsync();
    }
}
