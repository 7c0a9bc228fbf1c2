using System.Collections.Concurrent;
using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Cli.Configuration;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>Encryption at rest, as it is configured: the keys, opened before anything else is, and what seals with them.</summary>
internal sealed partial class Encryption : IAsyncDisposable
{
    /// <summary>What another process changes of the keys is taken over as often.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _looking;
    private readonly IMetadataStore _metadata;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, string> _groups = new(StringComparer.Ordinal);

    private Encryption(
        IMetadataStore metadata,
        KeyRing keys,
        MasterKeySource.OfFile? next,
        TimeProvider time,
        ILogger logger
    )
    {
        (_metadata, _logger, Keys, Next) = (metadata, logger, keys, next);
        _looking = Task.Run(() => LookAsync(time, _stop.Token));
    }

    internal KeyRing Keys { get; }

    /// <summary>Where the next master key is to be; null where that is not configured.</summary>
    internal MasterKeySource.OfFile? Next { get; }

    /// <summary>Reads the master key and opens all keys under it. Nothing is changed where that fails.</summary>
    /// <exception cref="Foundation.Errors.BackupException">
    /// 1020 and 1021 the master key cannot be used, 5032 it is not the one, 5033 a key was changed, 9680 it is wanted and none is configured, 9681 there are several.
    /// </exception>
    internal static async Task<Encryption> OpenAsync(
        ApplianceConfiguration configuration,
        IMetadataStore metadata,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        var isOn = configuration.Text(Settings.Encryption) == "on";
        var source = SourceOf(configuration);
        if (isOn && source is null)
        {
            throw CliErrors.MasterKeyWanted();
        }

        var next = configuration.Text(Settings.EncryptionNextKeyFile) is { } path
            ? new MasterKeySource.OfFile(path)
            : null;
        var masters = new List<MasterKey>();
        foreach (var one in new[] { source, next })
        {
            // The next one is there for a while only, and the one of before is gone after it.
            if (one is not null && (one.IsThere || (one == source && next?.IsThere != true)))
            {
                masters.Add(await one.ReadAsync(time, cancellation));
            }
        }

        if ((await metadata.GroupKeys.DestroyedAsync(cancellation)).Count > 0)
        {
            await metadata.GroupKeys.SweepAsync(cancellation);
        }

        var shelf = new GroupKeyShelf(metadata.GroupKeys);
        var keys = await KeyRing.OpenAsync(shelf, masters, isOn, time, cancellation);
        return new Encryption(metadata, keys, next, time, logger);
    }

    /// <summary>The same objects, sealed for the group whose slices they are.</summary>
    internal IObjectStore Seal(IObjectStore objects) => new SealedObjectStore(objects, Keys, GroupOfObjectAsync);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        Keys.Dispose();
    }

    private async Task LookAsync(TimeProvider time, CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(BetweenLooks, time, cancellation);
            try
            {
                await Keys.RefreshAsync(cancellation);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                LogNotRefreshed(failure);
            }
        }
    }

    private static MasterKeySource? SourceOf(ApplianceConfiguration configuration)
    {
        List<(string Key, MasterKeySource Source)> sources = [];
        if (configuration.Text(Settings.EncryptionKeyFile) is { } file)
        {
            sources.Add((Settings.EncryptionKeyFile, new MasterKeySource.OfFile(file)));
        }

        if (configuration.Text(Settings.EncryptionKeyVariable) is { } variable)
        {
            sources.Add((Settings.EncryptionKeyVariable, new MasterKeySource.OfVariable(variable)));
        }

        if (configuration.Text(Settings.EncryptionKeyCommand) is { } command)
        {
            sources.Add((Settings.EncryptionKeyCommand, new MasterKeySource.OfCommand(command)));
        }

        return sources.Count <= 1
            ? sources.Select(static one => one.Source).FirstOrDefault()
            : throw CliErrors.OneMasterKeyOnly(sources.Select(static one => one.Key));
    }

    /// <summary>Slices are named by their sync (<see cref="SliceNames"/>), and a sync belongs to one deployment of one group for ever.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6009 where there is no such sync.</exception>
    internal async ValueTask<string> GroupOfObjectAsync(string name, CancellationToken cancellation)
    {
        var syncId = name.Split('/') is [_, var id, _, ..] ? id : name;
        if (_groups.TryGetValue(syncId, out var known))
        {
            return known;
        }

        var sync =
            await _metadata.Syncs.FindAsync(syncId, cancellation) ?? throw MetadataErrors.Missing("sync", syncId);
        var set =
            await _metadata.Deployments.FindReplicaSetAsync(sync.ReplicaSetId, cancellation)
            ?? throw MetadataErrors.Missing("replica set", sync.ReplicaSetId);
        var deployment =
            await _metadata.Deployments.FindAsync(set.DeploymentId, cancellation)
            ?? throw MetadataErrors.Missing("deployment", set.DeploymentId);
        return _groups[syncId] = deployment.GroupId;
    }

    [LoggerMessage(45, LogLevel.Error, "The keys of groups could not be looked at; it is tried again")]
    private partial void LogNotRefreshed(Exception failure);
}
