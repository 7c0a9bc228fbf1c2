using Backup.Agent.Server;
using Backup.Agent.Source;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Monitoring;

/// <summary>
/// Asks the source's servers once a minute how they are, and tells the backup server. It comes second to the backup: what fails is left out,
/// and nobody waits for it.
/// </summary>
internal sealed class SourceMonitor(SourceMember member, ServerClient server, string deploymentId, TimeProvider time)
{
    /// <summary>So many databases are looked into; a server with thousands has other things to do.</summary>
    private const int MostDatabases = 100;

    /// <summary>As many as a replica set may have.</summary>
    private const int MostHosts = 50;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SlowLog _slow = new();

    /// <summary>Runs until it is cancelled; it never fails.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                patience.CancelAfter(Patience);
                var sample = await SampleAsync(patience.Token);
                await server.MonitoringAsync(deploymentId, sample, patience.Token);
            }
            catch (Exception failure)
                when (failure is BackupException or OperationCanceledException or ObjectDisposedException)
            {
                // A sample that cannot be had, or told in time, is a gap in a chart.
            }

            await Task.Delay(Interval, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <exception cref="BackupException">The member that is read from does not answer.</exception>
    internal async Task<MonitoringSample> SampleAsync(CancellationToken cancellation)
    {
        var at = time.GetUtcNow();
        using var status = await member.RunAsync("admin", Command("replSetGetStatus"), cancellation);
        var members = ServerSamples.Members(status.View);
        var (databases, leftOut) = await DatabasesAsync(cancellation);
        return new MonitoringSample(
            at,
            await HostsAsync(cancellation),
            members,
            databases,
            leftOut,
            await OplogAsync(cancellation)
        );
    }

    private async Task<IReadOnlyList<HostSample>> HostsAsync(CancellationToken cancellation)
    {
        var hosts = new List<HostSample>();
        if (await HostAsync(member.Client, member.Host, cancellation) is { } own)
        {
            hosts.Add(own);
        }

        // A hidden member is known by its own client alone.
        var others = member
            .Set.Topology.Servers.Values.Where(other => other.IsReadable && other.Address != member.Host)
            .Take(MostHosts);
        foreach (var other in others)
        {
            if (await HostAsync(member.Set, other.Address, cancellation) is { } sample)
            {
                hosts.Add(sample);
            }
        }

        return hosts;
    }

    private async Task<HostSample?> HostAsync(MongoClient client, HostAddress host, CancellationToken cancellation)
    {
        try
        {
            using var status = await client.RunCommandAsync(
                "admin",
                Command("serverStatus"),
                ReadTarget.On(host),
                cancellation
            );
            var sample = ServerSamples.Host(host.ToString(), status.View);
            return await WithSlowAsync(
                client,
                host,
                await WithDiskAsync(client, host, sample, cancellation),
                cancellation
            );
        }
        catch (BackupException)
        {
            return null;
        }
    }

    /// <summary>Without it where that is not allowed.</summary>
    private static async Task<HostSample> WithDiskAsync(
        MongoClient client,
        HostAddress host,
        HostSample sample,
        CancellationToken cancellation
    )
    {
        try
        {
            var target = ReadTarget.On(host);
            using var stats = await client.RunCommandAsync("admin", Command("dbStats"), target, cancellation);
            return ServerSamples.WithDisk(sample, stats.View);
        }
        catch (BackupException)
        {
            return sample;
        }
    }

    /// <summary>Without it where that is not allowed.</summary>
    private async Task<HostSample> WithSlowAsync(
        MongoClient client,
        HostAddress host,
        HostSample sample,
        CancellationToken cancellation
    )
    {
        try
        {
            var command = BsonDocument.Build(static w => w.String("getLog"u8, "global"));
            using var reply = await client.RunCommandAsync("admin", command, ReadTarget.On(host), cancellation);
            return sample with { SlowOperations = _slow.Count(sample.Host, reply.View) };
        }
        catch (BackupException)
        {
            return sample;
        }
    }

    private async Task<(IReadOnlyList<DatabaseSample> Databases, int LeftOut)> DatabasesAsync(
        CancellationToken cancellation
    )
    {
        var names = await NamesAsync(cancellation);
        var databases = new List<DatabaseSample>();
        foreach (var name in names.Take(MostDatabases))
        {
            try
            {
                using var stats = await member.RunAsync(name, Command("dbStats"), cancellation);
                databases.Add(ServerSamples.Database(name, stats.View));
            }
            catch (BackupException)
            {
                // Dropped just now, or not allowed.
            }
        }

        return (databases, Math.Max(0, names.Count - MostDatabases));
    }

    private async Task<List<string>> NamesAsync(CancellationToken cancellation)
    {
        var command = BsonDocument.Build(w => w.Int32("listDatabases"u8, 1).Boolean("nameOnly"u8, true));
        using var reply = await member.RunAsync("admin", command, cancellation);
        var names = new List<string>();
        foreach (var item in reply.View["databases"u8].AsDocument)
        {
            names.Add(item.AsDocument["name"u8].AsString);
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private async Task<OplogSample?> OplogAsync(CancellationToken cancellation) =>
        await OplogQuery.OldestAsync(member, cancellation) is { } first
        && await OplogQuery.NewestAsync(member, atMost: null, cancellation) is { } last
            ? new OplogSample(WireOptime.From(first), WireOptime.From(last), (long)last.T - first.T)
            : null;

    private static BsonDocument Command(string name) => SourceMember.Command(name);
}
