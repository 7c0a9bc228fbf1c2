using Backup.Snapshots.Exports;

namespace Backup.Daemon.Pushes;

/// <summary>
/// Files that are pushed as one folder: into <c>FOLDER.part</c>, each whole before the next, then <c>SHA256SUMS</c>, and then the folder gets its name.
/// A folder that has its name already is only compared.
/// </summary>
internal sealed class PushedFolder : IExportFiles
{
    private readonly FarSide _far;
    private readonly FileTransfer _transfer;
    private readonly string _path;
    private readonly string _work;
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal);
    private readonly List<(string Name, PushedFile File)> _files = [];

    private PushedFolder(FarSide far, FileTransfer transfer, string path, string work)
    {
        (_far, _transfer, _path, _work) = (far, transfer, path, work);
    }

    /// <summary>Those that are there.</summary>
    internal IReadOnlyList<PushedFile> Files =>
        [.. _files.Select(one => one.File with { Path = FarPath.Join(_path, one.Name) })];

    internal string Sums => FarPath.Join(_path, FarSums.FileName);

    private bool IsNamed => _work == _path;

    internal static async Task<PushedFolder> OpenAsync(
        FarSide far,
        FileTransfer transfer,
        string path,
        CancellationToken cancellation
    )
    {
        var named = await far.TryAsync("looking at", path, files => files.StatAsync(path, cancellation), cancellation);
        var work = named is null ? path + FileTransfer.PartSuffix : path;
        if (named is null)
        {
            await FarFolders.MakeAsync(far, work, cancellation);
        }

        return new PushedFolder(far, transfer, path, work);
    }

    public async Task AddAsync(string path, Func<Stream, bool, Task> write, CancellationToken cancellation)
    {
        var full = FarPath.Join(_work, path);
        if (!IsNamed)
        {
            await MakeParentAsync(path, cancellation);
        }
        else if (
            await _far.TryAsync("looking at", full, files => files.StatAsync(full, cancellation), cancellation) is null
        )
        {
            throw DaemonErrors.FarAlreadyThere(_far.Target.ToString(), _path);
        }

        // What is sent again is not counted again: the export's own counting is left to whoever reads the documents.
        var file = await _transfer.PushAsync(full, (output, _) => write(output, false), cancellation);
        _files.Add((path, file));
    }

    /// <summary>Everything is there.</summary>
    internal async Task FinishAsync(CancellationToken cancellation)
    {
        if (IsNamed)
        {
            return;
        }

        var sums = FarSums.Of(_files.Select(static one => (one.Name, one.File.Sha256)));
        await _transfer.PutAsync(FarPath.Join(_work, FarSums.FileName), sums, cancellation);
        await _far.TryAsync(
            "renaming",
            _work,
            async files =>
            {
                if (await files.StatAsync(_work, cancellation) is not null)
                {
                    await files.RenameAsync(_work, _path, cancellation);
                }
            },
            cancellation
        );
    }

    private async Task MakeParentAsync(string path, CancellationToken cancellation)
    {
        var parts = path.Split('/')[..^1];
        var folder = _work;
        foreach (var part in parts)
        {
            folder = FarPath.Join(folder, part);
            if (_folders.Add(folder))
            {
                await FarFolders.MakeAsync(_far, folder, cancellation);
            }
        }
    }
}
