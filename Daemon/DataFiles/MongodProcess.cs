using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Backup.Foundation.Errors;

namespace Backup.Daemon.DataFiles;

/// <summary>
/// A mongod by itself on a folder, reached by a Unix socket alone. It is kept by a shell that waits on a pipe from this process: should this process
/// be killed, the pipe closes, and the shell ends mongod.
/// </summary>
internal sealed class MongodProcess : IAsyncDisposable
{
    // Standard input is a pipe that nobody writes to. The shell outlives a Ctrl-C of the terminal, so that it can do its work.
    private const string Keeper = """
        trap '' INT TERM HUP
        log=$1; shift
        exec 3<&0
        "$@" </dev/null 3<&- >>"$log" 2>&1 &
        mongod=$!
        echo $mongod
        { read -r nothing; kill -9 $mongod; } <&3 3<&- >/dev/null 2>&1 &
        watcher=$!
        exec 3<&-
        wait $mongod
        status=$?
        kill -9 $watcher 2>/dev/null
        exit $status
        """;

    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(500);

    private readonly Process _keeper;
    private readonly BuildPlace _place;
    private readonly TimeProvider _time;
    private int _mongod;

    private MongodProcess(Process keeper, BuildPlace place, TimeProvider time)
    {
        (_keeper, _place, _time) = (keeper, place, time);
        Ended = keeper.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Done when mongod is gone.</summary>
    internal Task Ended { get; }

    /// <summary>How to reach it.</summary>
    internal string Uri =>
        $"mongodb://{System.Uri.EscapeDataString(_place.Socket)}/?directConnection=true&serverSelectionTimeoutMS=30000";

    /// <summary>Starts it, and waits until it listens.</summary>
    /// <param name="program">Which.</param>
    /// <param name="place">Where it writes.</param>
    /// <param name="directoryPerDatabase">A folder for each database.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends it again.</param>
    /// <exception cref="BackupException">9164, 9170.</exception>
    internal static async Task<MongodProcess> StartAsync(
        MongodProgram program,
        BuildPlace place,
        bool directoryPerDatabase,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Keeper, "backup-mongod", place.Log, program.Path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var argument in Arguments(place, directoryPerDatabase))
        {
            start.ArgumentList.Add(argument);
        }

        MongodProcess mongod;
        try
        {
            mongod = new MongodProcess(Process.Start(start)!, place, time);
        }
        catch (Win32Exception missing)
        {
            throw DaemonErrors.NoShell(missing);
        }

        try
        {
            await mongod.ListensAsync(program, cancellation);
            return mongod;
        }
        catch
        {
            await mongod.DisposeAsync();
            throw;
        }
    }

    private static List<string> Arguments(BuildPlace place, bool directoryPerDatabase) =>
        [
            "--dbpath",
            place.Data,
            // The socket of its own, and no other: no port is opened.
            "--bind_ip",
            place.Socket,
            "--nounixsocket",
            "--wiredTigerCacheSizeGB",
            "0.5",
            "--setParameter",
            "maxIndexBuildMemoryUsageMegabytes=200",
            // What a TTL index would delete is what is being restored.
            "--setParameter",
            "ttlMonitorEnabled=false",
            "--setParameter",
            "diagnosticDataCollectionEnabled=false",
            // Else it makes config.system.sessions of its own.
            "--setParameter",
            "disableLogicalSessionCacheRefresh=true",
            .. directoryPerDatabase ? ["--directoryperdb"] : (string[])[],
        ];

    /// <summary>Works with it; where it ends meanwhile, so does the work.</summary>
    /// <exception cref="BackupException">9165, 9166 where it ended; those of the work.</exception>
    internal async Task<T> WhileAliveAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = work(stop.Token);
        if (await Task.WhenAny(working, Ended) == Ended)
        {
            await stop.CancelAsync();
            await ((Task)working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
            throw Died();
        }

        try
        {
            return await working;
        }
        catch (BackupException) when (!cancellation.IsCancellationRequested)
        {
            // Some of what finds the disk full ends mongod, some is only refused by it.
            if (MongodLog.IsDiskFull(_place.Log))
            {
                throw DaemonErrors.DiskFullOfDataFiles(_place.Data);
            }

            // What it failed at may be that mongod is about to end, which is seen a moment later.
            await Task.WhenAny(Ended, Task.Delay(TimeSpan.FromSeconds(1), _time, cancellation));
            if (Ended.IsCompleted)
            {
                throw Died();
            }

            throw;
        }
    }

    /// <summary>Waits until it has ended by itself, which it was told to do, and that cleanly.</summary>
    /// <exception cref="BackupException">9167.</exception>
    internal async Task StoppedAsync(TimeSpan patience, CancellationToken cancellation)
    {
        try
        {
            await Ended.WaitAsync(patience, _time, cancellation);
        }
        catch (TimeoutException)
        {
            throw DaemonErrors.NotStopped(string.Create(CultureInfo.InvariantCulture, $"not within {patience}"));
        }

        if (_keeper.ExitCode != 0)
        {
            throw MongodLog.IsDiskFull(_place.Log)
                ? DaemonErrors.DiskFullOfDataFiles(_place.Data)
                : DaemonErrors.NotStopped(ExitText());
        }

        var held = new FileInfo(Path.Combine(_place.Data, BuildPlace.LockFile));
        if (held is { Exists: true, Length: > 0 })
        {
            throw DaemonErrors.NotStopped("its lock file is not empty");
        }
    }

    /// <summary>Kills it where it still runs, and waits until it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _keeper.StandardInput.Close();
        }
        catch (IOException)
        {
            // The shell is gone.
        }

        await Ended;
        // Somebody may have killed the shell alone: then the watcher has ended mongod just now.
        for (var look = 0; look < 500 && MongodLeftover.IsOn(_mongod, _place.Data); look++)
        {
            await Task.Delay(Look, _time, CancellationToken.None);
        }

        _keeper.Dispose();
    }

    private async Task ListensAsync(MongodProgram program, CancellationToken cancellation)
    {
        var said = await _keeper.StandardOutput.ReadLineAsync(cancellation);
        _ = int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out _mongod);
        var (began, pause) = (_time.GetTimestamp(), Look);
        while (!await IsThereAsync(cancellation))
        {
            if (Ended.IsCompleted)
            {
                throw MongodLog.IsDiskFull(_place.Log)
                    ? DaemonErrors.DiskFullOfDataFiles(_place.Data)
                    : DaemonErrors.NotStarted(program.Path, $"{ExitText()}; {MongodLog.Cause(_place.Log)}");
            }

            if (_time.GetElapsedTime(began) > StartPatience)
            {
                throw DaemonErrors.NotStarted(program.Path, $"it does not listen after {StartPatience}");
            }

            await Task.Delay(pause, _time, cancellation);
            pause = pause * 2 < LongestLook ? pause * 2 : LongestLook;
        }
    }

    private async Task<bool> IsThereAsync(CancellationToken cancellation)
    {
        if (!File.Exists(_place.Socket))
        {
            return false;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_place.Socket), cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private BackupException Died() =>
        MongodLog.IsDiskFull(_place.Log)
            ? DaemonErrors.DiskFullOfDataFiles(_place.Data)
            : DaemonErrors.MongodDied(ExitText(), MongodLog.Cause(_place.Log));

    // As a shell tells of a signal.
    private string ExitText() =>
        _keeper.ExitCode > 128 ? $"killed by signal {_keeper.ExitCode - 128}" : $"exit code {_keeper.ExitCode}";
}
