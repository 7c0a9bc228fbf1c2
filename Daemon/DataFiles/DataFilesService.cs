using System.Text;
using Backup.Daemon.Restores;
using Backup.Daemon.Targets;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.DataFiles;

/// <summary>
/// Writes a restore as the files of a mongod: one of the source's version is started by itself, loaded as any other target, and shut down. One at a
/// time, as each takes the memory of a server.
/// </summary>
/// <param name="programs">The mongods.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where the ends of their logs go.</param>
public sealed partial class DataFilesService(MongodPrograms programs, TimeProvider time, ILogger logger) : IDisposable
{
    // What a server has without any data: journal, catalogue.
    private const long EmptyServerBytes = 350_000_000;

    // Documents come compressed, indexes beside them.
    private const double Factor = 1.2;

    private static readonly TimeSpan StopPatience = TimeSpan.FromMinutes(30);

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Removes what a killed process left. To be called while nothing is built.</summary>
    public static Task RemoveLeftoversAsync(DaemonOptions options, ILogger logger, CancellationToken cancellation) =>
        BuildPlace.RemoveLeftoversAsync(
            options,
            data => LogEnded(logger, data),
            (folder, failure) => LogNotRemoved(logger, folder, failure),
            cancellation
        );

    /// <summary>Writes them.</summary>
    /// <param name="restore">What of; of one replica set.</param>
    /// <param name="options">How.</param>
    /// <param name="daemon">Names the folder for what is temporary.</param>
    /// <param name="progress">Told the phase, and how far it is.</param>
    /// <param name="cancellation">Stops; nothing is left.</param>
    /// <exception cref="BackupException">
    /// 9161 to 9167, 9169, 9170 of mongod and the place; 9171 of loading; those of reading the backup.
    /// </exception>
    public async Task<BuiltDataFiles> BuildAsync(
        OpenRestore restore,
        DataFilesOptions options,
        DaemonOptions daemon,
        IProgress<TargetProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var source = await SourceServer.OfAsync(restore, cancellation);
        var program = await programs.FindAsync(source.Family, source.MongoVersion, cancellation);
        Told("wait");
        await _one.WaitAsync(cancellation);
        try
        {
            CheckRoom(BuildPlace.Parent(daemon, options.Folder), source.ExpectedBytes);
            var place = BuildPlace.Make(daemon, options.Folder);
            try
            {
                Told("start");
                var result = await WriteAsync(restore, source, program, place, options, progress, cancellation);
                var text = DataFilesGuide.Text(source.Set, restore.Optime, options, result);
                DurableFile.Write(Path.Combine(place.Root, DataFilesGuide.FileName), Encoding.UTF8.GetBytes(text));
                return new BuiltDataFiles(place, restore.Optime.WallClock, result);
            }
            catch (Exception failure)
            {
                if (
                    failure is BackupException
                    {
                        Number: >= DaemonErrors.MongodNotStarted and <= DaemonErrors.MongodNotStopped
                    }
                )
                {
                    LogEnd(failure, MongodLog.Tail(place.Log));
                }

                place.Dispose();
                if (
                    failure is BackupException
                    {
                        Number: DaemonErrors.TargetHashDiffers
                            or >= DaemonErrors.TargetNotEmpty
                            and <= DaemonErrors.TargetUnfit
                    } refused
                )
                {
                    // What the errors of a target say of going on does not hold: nothing is there any more.
                    throw DaemonErrors.NotLoaded(refused);
                }

                throw;
            }
        }
        finally
        {
            _one.Release();
        }

        void Told(string phase) => progress?.Report(new TargetProgress(phase, "", 0, 0, source.ExpectedBytes));
    }

    public void Dispose() => _one.Dispose();

    private async Task<DataFilesResult> WriteAsync(
        OpenRestore restore,
        SourceServer source,
        MongodProgram program,
        BuildPlace place,
        DataFilesOptions options,
        IProgress<TargetProgress>? progress,
        CancellationToken cancellation
    )
    {
        TargetResult loaded;
        await using (
            var mongod = await MongodProcess.StartAsync(
                program,
                place,
                options.DirectoryPerDatabase,
                time,
                cancellation
            )
        )
        {
            loaded = await mongod.WhileAliveAsync(
                token => LoadAsync(mongod, restore, source, program, options, progress, token),
                cancellation
            );
            progress?.Report(new TargetProgress("stop", "", loaded.Documents, loaded.Bytes, loaded.Bytes));
            await ShutDownAsync(mongod, cancellation);
        }

        Tidy(place.Data);
        return new DataFilesResult(
            program.Version,
            source.FeatureCompatibilityVersion,
            loaded.Collections,
            loaded.Documents,
            loaded.Bytes,
            loaded.Users,
            new DirectoryInfo(place.Data)
                .EnumerateFiles("*", SearchOption.AllDirectories)
                .Sum(static one => one.Length),
            loaded.Notices
        );
    }

    private async Task<TargetResult> LoadAsync(
        MongodProcess mongod,
        OpenRestore restore,
        SourceServer source,
        MongodProgram program,
        DataFilesOptions options,
        IProgress<TargetProgress>? progress,
        CancellationToken cancellation
    )
    {
        await using var target = await RestoreTarget.OpenAsync(mongod.Uri, cancellation);
        var commands = new TargetCommands(target, time);
        if (source.FeatureCompatibilityVersion != program.Family)
        {
            // First, so that what is made is as it was under that version.
            await source.SetFeatureCompatibilityAsync(commands, cancellation);
        }

        var result = await restore.WriteAsync(
            new TargetWriter(target, new TargetOptions(), time),
            progress,
            cancellation
        );
        // The host and the command line of this very run.
        await commands.DropAsync("local", "startup_log", cancellation);
        if (options.Seed is { } seed)
        {
            progress?.Report(new TargetProgress("seed", "", result.Documents, result.Bytes, result.Bytes));
            var isOld = new Version(program.Family) < new Version(4, 2);
            await seed.WriteAsync(commands, restore.Optime, isOld, cancellation);
        }

        return result;
    }

    private static async Task ShutDownAsync(MongodProcess mongod, CancellationToken cancellation)
    {
        try
        {
            await using var target = await RestoreTarget.OpenAsync(mongod.Uri, cancellation);
            await target.ShutDownAsync(cancellation);
        }
        catch (BackupException gone) when (gone.IsTransient)
        {
            // It ends without an answer; how it ended is seen next.
        }

        await mongod.StoppedAsync(StopPatience, cancellation);
    }

    /// <summary>What belongs to the run, and what a server makes anew.</summary>
    private static void Tidy(string data)
    {
        File.Delete(Path.Combine(data, BuildPlace.LockFile));
        foreach (var spare in Directory.EnumerateFiles(data, "WiredTigerPreplog.*", SearchOption.AllDirectories))
        {
            // Room for journal that is yet to come: 100 MB of zeros each.
            File.Delete(spare);
        }

        foreach (var name in (string[])["diagnostic.data", "_tmp"])
        {
            var folder = Path.Combine(data, name);
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static void CheckRoom(string parent, long expectedBytes)
    {
        var needed = EmptyServerBytes + (long)(expectedBytes * Factor);
        var free = new DriveInfo(parent).AvailableFreeSpace;
        if (free < needed)
        {
            throw DaemonErrors.NoRoomForDataFiles(parent, needed, free);
        }
    }

    [LoggerMessage(60, LogLevel.Warning, "A mongod of an earlier run still wrote data files to {Data}: it was ended")]
    private static partial void LogEnded(ILogger logger, string data);

    [LoggerMessage(
        61,
        LogLevel.Warning,
        "What an earlier run left in {Folder} could not be removed; it is tried again"
    )]
    private static partial void LogNotRemoved(ILogger logger, string folder, Exception failure);

    [LoggerMessage(62, LogLevel.Error, "Data files were not written. The end of mongod's log: {Tail}")]
    private partial void LogEnd(Exception failure, string tail);
}
