using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;

namespace Backup.Daemon.DataFiles;

/// <summary>
/// Where data files are built: a work folder below the daemon's own, the folder that will be the result (beside its later name, or in the work folder), and a
/// folder for the socket with a path short enough for one. All of them are open to their owner alone. The work folder has a note of the others, durable before
/// they are made, so that the next start finds what a killed process left.
/// </summary>
internal sealed class BuildPlace : IDisposable
{
    internal const string LockFile = "mongod.lock";

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const string NoteName = "place.json";
    private const string SocketsPrefix = "backup-mongod-";
    private const string PartSuffix = ".part";

    // A socket's path has 107 bytes at most; mongod's option takes several with commas between them.
    private const int LongestTemporaryFolder = 60;

    private readonly string _work;
    private readonly string _sockets;

    private BuildPlace(string work, string root, string sockets) => (_work, Root, _sockets) = (work, root, sockets);

    /// <summary>The result: <see cref="Data"/> and what stands beside it.</summary>
    internal string Root { get; }

    /// <summary>mongod's dbpath.</summary>
    internal string Data => Path.Combine(Root, DataFilesGuide.DataFolder);

    internal string Socket => Path.Combine(_sockets, "m.sock");

    internal string Log => Path.Combine(_work, "mongod.log");

    private static string AllOf(DaemonOptions options) => Path.Combine(options.SpillFolder, "data-files");

    /// <param name="options">Names the daemon's folder.</param>
    /// <param name="folder">What the result will be called, absolute; null where it is delivered otherwise.</param>
    /// <exception cref="BackupException">9169; 1003, 1004.</exception>
    internal static BuildPlace Make(DaemonOptions options, string? folder)
    {
        var id = Guid.NewGuid().ToString("N");
        var work = Path.Combine(AllOf(options), id);
        var temporary = Path.GetTempPath();
        if (temporary.Length > LongestTemporaryFolder || temporary.Contains(',') || temporary.Contains(':'))
        {
            temporary = "/tmp";
        }

        var place = new BuildPlace(
            work,
            folder is null ? Path.Combine(work, "files") : $"{folder}.{id[..12]}{PartSuffix}",
            Path.Combine(temporary, SocketsPrefix + id[..12])
        );
        DurableFile.CreateFolder(work);
        try
        {
            var note = new Note(place.Root, place._sockets);
            DurableFile.Write(Path.Combine(work, NoteName), JsonSerializer.SerializeToUtf8Bytes(note));
            MakePrivate(place._sockets);
            MakePrivate(place.Root);
            MakePrivate(place.Data);
            return place;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            place.Dispose();
            throw DaemonErrors.NoPlace(place.Root, failure.Message);
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    /// <summary>Where the result's disk is, before anything is made there.</summary>
    /// <exception cref="BackupException">9169 where nothing can be made there.</exception>
    internal static string Parent(DaemonOptions options, string? folder)
    {
        if (folder is null)
        {
            return options.SpillFolder;
        }

        var parent = Path.GetDirectoryName(folder);
        return !Path.IsPathFullyQualified(folder) || parent is null
                ? throw DaemonErrors.NoPlace(folder, "no absolute path")
            : Path.Exists(folder) ? throw DaemonErrors.NoPlace(folder, "it is there already")
            : !Directory.Exists(parent) ? throw DaemonErrors.NoPlace(folder, $"there is no folder '{parent}'")
            : parent;
    }

    /// <summary>Gives the result its name, durably.</summary>
    /// <exception cref="BackupException">9169.</exception>
    internal void Publish(string folder)
    {
        try
        {
            Directory.Move(Root, folder);
            DurableFile.SyncFolder(Path.GetDirectoryName(folder)!);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw DaemonErrors.NoPlace(folder, failure.Message);
        }
    }

    /// <summary>Removes everything that was not published.</summary>
    public void Dispose()
    {
        Remove(_sockets);
        Remove(Root);
        // The last, as it has the note of the others.
        Remove(_work);
    }

    /// <summary>Ends the mongods and removes the folders of a killed process. To be called while nothing is built.</summary>
    internal static async Task RemoveLeftoversAsync(
        DaemonOptions options,
        Action<string> ended,
        Action<string, Exception> failed,
        CancellationToken cancellation
    )
    {
        if (!Directory.Exists(AllOf(options)))
        {
            return;
        }

        foreach (var work in Directory.EnumerateDirectories(AllOf(options)))
        {
            try
            {
                if (Read(work) is { } note && IsOurs(note, work))
                {
                    var left = new BuildPlace(work, note.Root, note.Sockets);
                    if (await MongodLeftover.EndAsync(left.Data, cancellation))
                    {
                        ended(left.Data);
                    }

                    left.Dispose();
                }

                Remove(work);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The note stays, for the start after this one.
                failed(work, failure);
            }
        }
    }

    /// <summary>Null where it was not written any more: then nothing else was made.</summary>
    private static Note? Read(string work)
    {
        try
        {
            return JsonSerializer.Deserialize<Note>(File.ReadAllBytes(Path.Combine(work, NoteName)));
        }
        catch (Exception failure) when (failure is FileNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Whatever stands in the note, nothing is removed but what bears the name of this very build.</summary>
    private static bool IsOurs(Note note, string work)
    {
        var id = Path.GetFileName(work);
        return id.Length > 12
            && Path.GetFileName(note.Sockets) == SocketsPrefix + id[..12]
            && (
                note.Root == Path.Combine(work, "files")
                || note.Root.EndsWith($".{id[..12]}{PartSuffix}", StringComparison.Ordinal)
            );
    }

    private static void MakePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException();
        }

        Directory.CreateDirectory(folder, Private);
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed record Note(string Root, string Sockets);
}
