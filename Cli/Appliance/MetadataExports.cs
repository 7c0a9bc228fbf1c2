using System.Globalization;
using Backup.Daemon.Grooming;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>
/// Exports of the catalogue beside the blocks: one a day by itself, and on request. The last few are kept. The blocks that heads of the newest one stand on are kept by
/// grooms, so that they go on from there after an import.
/// </summary>
/// <param name="metadata">The catalogue.</param>
/// <param name="folder">Where they are; made where it is missing.</param>
/// <param name="keep">How many; 0: none is made by itself.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it logs.</param>
internal sealed partial class MetadataExports(
    IMetadataStore metadata,
    string folder,
    int keep,
    TimeProvider time,
    ILogger logger
) : IMetadataDesk, IAsyncDisposable
{
    /// <summary>Beside the blocks, so that who has those has these.</summary>
    internal const string FolderName = "metadata-exports";

    private const string Prefix = "metadata-";
    private const string Suffix = ".bkmeta";
    private const string Moment = "yyyyMMdd'T'HHmmss'Z'";

    private static readonly TimeSpan Often = TimeSpan.FromDays(1);
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(15);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly ExportedHeads _heads = new(metadata, $"{Environment.MachineName}:{folder}", time);
    private Task _running = Task.CompletedTask;
    private volatile BackupException? _trouble;

    /// <summary>Why the last one that was due failed; null where it did not.</summary>
    internal BackupException? Trouble => _trouble;

    /// <summary>From now on one is made whenever the newest one is a day old.</summary>
    internal void Start() => _running = Task.Run(() => RunAsync(_stop.Token));

    public Task<MetadataExportsView> ExportsAsync(CancellationToken cancellation) =>
        Task.FromResult(
            new MetadataExportsView(
                folder,
                keep,
                List(),
                Trouble is { } trouble ? new ErrorView(trouble.Code, trouble.Message, trouble.Hint) : null
            )
        );

    public async Task<MetadataExportView> ExportAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            return await MakeAsync(cancellation);
        }
        finally
        {
            _one.Release();
        }
    }

    public async Task<FinishedUpgradeView> FinishUpgradeAsync(CancellationToken cancellation)
    {
        var isWaiting = await metadata.UpgradeWaitsAsync(cancellation);
        var count = await metadata.FinishUpgradeAsync(cancellation);
        // What they hold unsealed is no secret kept any more: not until the next look, and not for a week.
        await ReplaceOfBeforeSealingAsync(cancellation);
        return new FinishedUpgradeView(isWaiting, count);
    }

    /// <summary>Keys were destroyed: exports of before, which hold them wrapped, are removed; where some are to be kept there is a new one.</summary>
    internal async Task RenewAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            Remove(List());
            if (keep > 0)
            {
                await MakeAsync(cancellation);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _one.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        var isFirst = true;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (isFirst)
                {
                    await ForgetDeadAsync(cancellation);
                    isFirst = false;
                }

                await RemoveOfBeforeDestructionAsync(cancellation);
                await ReplaceOfBeforeSealingAsync(cancellation);
                if (keep > 0 && (List() is not [var newest, ..] || time.GetUtcNow() - newest.MadeAt >= Often))
                {
                    await ExportAsync(cancellation);
                }

                _trouble = null;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is BackupException or IOException or UnauthorizedAccessException)
            {
                _trouble = CliErrors.NotExported(folder, failure);
                LogFailed(failure);
            }

            await Task.Delay(Look, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The folder is held by this process alone: an export of it that is being made, but not by this process, is one that was killed.</summary>
    private async Task ForgetDeadAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            await _heads.ForgetOwnMarkAsync(cancellation);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<MetadataExportView> MakeAsync(CancellationToken cancellation)
    {
        DurableFile.CreateFolder(folder);
        DurableFile.RemoveLeftovers(folder, Prefix);
        var name = $"{Prefix}{time.GetUtcNow().ToString(Moment, CultureInfo.InvariantCulture)}{Suffix}";
        var export = await _heads.NoteAsync(
            () => metadata.ExportAsync(Path.Combine(folder, name), cancellation),
            cancellation
        );
        LogExported(name, export.Rows, export.Bytes);
        Remove([.. List().Skip(Math.Max(1, keep))]);
        return new MetadataExportView(name, export.MadeAt, export.Bytes);
    }

    /// <summary>Where the process was killed between a destruction and what follows it.</summary>
    private async Task RemoveOfBeforeDestructionAsync(CancellationToken cancellation)
    {
        if (await metadata.GroupKeys.DestroyedAsync(cancellation) is [.., var last])
        {
            Remove([.. List().Where(one => one.MadeAt < last.At.AddSeconds(-1))]);
        }
    }

    /// <summary>Exports of before URIs were sealed hold them unsealed: once there is a newer one they go. Whoever is killed in between does it at the next look.</summary>
    private async Task ReplaceOfBeforeSealingAsync(CancellationToken cancellation)
    {
        if (
            await metadata.Settings.FindAsync(IDeployments.SealedAtSetting, cancellation) is not { } text
            || !long.TryParse(text, CultureInfo.InvariantCulture, out var milliseconds)
        )
        {
            return;
        }

        // Names have seconds: one of the same second may be of before.
        var at = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        if (List().Exists(one => one.MadeAt <= at))
        {
            await ExportAsync(cancellation);
            Remove([.. List().Where(one => one.MadeAt <= at)]);
        }
    }

    private void Remove(List<MetadataExportView> exports) =>
        DurableFile.DeleteAll(folder, [.. exports.Select(static one => one.Name)]);

    private List<MetadataExportView> List() =>
        Directory.Exists(folder)
            ?
            [
                .. new DirectoryInfo(folder)
                    .EnumerateFiles($"{Prefix}*{Suffix}")
                    .Select(static file => (file, At: MomentOf(file.Name)))
                    .Where(static one => one.At is not null)
                    .Select(static one => new MetadataExportView(one.file.Name, one.At!.Value, one.file.Length))
                    .OrderByDescending(static one => one.MadeAt),
            ]
            : [];

    private static DateTimeOffset? MomentOf(string name) =>
        DateTimeOffset.TryParseExact(
            name[Prefix.Length..^Suffix.Length],
            Moment,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var at
        )
            ? at
            : null;

    [LoggerMessage(60, LogLevel.Information, "The metadata was exported into {Name}: {Rows} records, {Bytes} bytes")]
    private partial void LogExported(string name, long rows, long bytes);

    [LoggerMessage(61, LogLevel.Error, "The metadata could not be exported; it is tried again")]
    private partial void LogFailed(Exception failure);
}
