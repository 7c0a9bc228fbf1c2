using System.Security.Cryptography;
using Backup.Daemon.Ssh;
using Backup.Foundation.Errors;

namespace Backup.Daemon.Pushes;

/// <summary>One step of a test.</summary>
/// <param name="Name"><c>login</c>, <c>folder</c>, <c>space</c>, <c>write</c>, <c>sync</c>, <c>read</c>, <c>remove</c> or <c>hash</c>.</param>
/// <param name="Text">What was found.</param>
/// <param name="Error">Why it failed; the steps behind it are not done. Null where it did not.</param>
public sealed record SshCheckStep(string Name, string Text, BackupException? Error);

/// <summary>Tries everything that a push needs of a target, step by step, and leaves nothing there.</summary>
public sealed class SshTargetCheck(SshTools tools, TimeProvider time)
{
    private const int TestLength = 256 * 1024;

    /// <summary>The steps, as far as they went.</summary>
    public async Task<IReadOnlyList<SshCheckStep>> RunAsync(SshTarget target, CancellationToken cancellation = default)
    {
        var steps = new List<SshCheckStep>();
        await using var far = new FarSide(tools, target, new PushOptions { Pauses = [] }, time);
        var path = FarPath.Join(
            target.Folder,
            $".backup-test-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}"
        );
        var content = RandomNumberGenerator.GetBytes(TestLength);
        var transfer = new Trial(far, path, content, cancellation);
        (string Name, Func<Task<string>> Run)[] all =
        [
            ("login", transfer.LoginAsync),
            ("folder", transfer.FolderAsync),
            ("space", transfer.SpaceAsync),
            ("write", transfer.WriteAsync),
            ("sync", transfer.SyncAsync),
            ("read", transfer.ReadAsync),
            ("hash", transfer.HashAsync),
            ("remove", transfer.RemoveAsync),
        ];
        foreach (var (name, run) in all)
        {
            try
            {
                steps.Add(new SshCheckStep(name, await run(), null));
            }
            catch (BackupException failure)
            {
                steps.Add(new SshCheckStep(name, failure.Message, failure));
                await transfer.TidyAsync();
                break;
            }
        }

        return steps;
    }

    private sealed class Trial(FarSide far, string path, byte[] content, CancellationToken cancellation)
    {
        private bool _isThere;

        internal async Task<string> LoginAsync()
        {
            var start = await far.TryAsync("login", ".", files => files.RealPathAsync(".", cancellation), cancellation);
            var by = far.Target.Login.PrivateKey is null ? "password" : "key";
            return $"{far.Target.Address} lets the {by} in, at {SftpConnection.Printable(start)}; its host key is the pinned one, {far.Target.HostKey.Fingerprint} ({far.Target.HostKey.Type})";
        }

        internal async Task<string> FolderAsync()
        {
            _ = await FarFolders.PrepareAsync(far, "", cancellation);
            return $"{far.Target.Folder} is there";
        }

        internal async Task<string> SpaceAsync()
        {
            var folder = far.Target.Folder;
            var space = await far.TryAsync(
                "looking at",
                folder,
                files => files.SpaceAsync(folder, cancellation),
                cancellation
            );
            return space is null
                ? "the server does not tell how much room there is"
                : $"{space.Available / 1e9:0.0} GB free of {space.Total / 1e9:0.0} GB";
        }

        internal async Task<string> WriteAsync()
        {
            await OpenAsync(
                "writing",
                SftpOpen.Write | SftpOpen.Create | SftpOpen.Truncate,
                async file =>
                {
                    _isThere = true;
                    await file.WriteAsync(0, content, cancellation);
                    await file.FlushAsync(cancellation);
                    return true;
                }
            );
            return $"a file of {content.Length} bytes was written";
        }

        internal async Task<string> SyncAsync() =>
            await OpenAsync("syncing", SftpOpen.Write, file => file.SyncAsync(cancellation))
                ? "the server makes files durable (fsync)"
                : "the server cannot make files durable (no fsync@openssh.com): a power cut there may lose what was just pushed";

        internal async Task<string> ReadAsync()
        {
            var found = await far.TryAsync(
                "reading",
                path,
                files => FarReader.HashAsync(files, path, cancellation),
                cancellation
            );
            Require(found);
            return "it was read back, and is the same";
        }

        internal async Task<string> HashAsync()
        {
            if (await far.OwnHashAsync(path, content.Length, cancellation) is not { } found)
            {
                return "there is no shell with sha256sum: what is pushed is verified by reading it back";
            }

            return found == Hash
                ? "sha256sum runs there: what is pushed is verified by it"
                : "the shell sees other files than the file service does: what is pushed is verified by reading it back";
        }

        internal async Task<string> RemoveAsync()
        {
            await far.TryAsync("removing", path, files => files.RemoveAsync(path, cancellation), cancellation);
            _isThere = false;
            return "it was removed";
        }

        /// <summary>Leaves nothing, as far as it can be removed.</summary>
        internal async Task TidyAsync()
        {
            try
            {
                if (_isThere)
                {
                    _ = await RemoveAsync();
                }
            }
            catch (BackupException)
            {
                // What failed before says more.
            }
        }

        private string Hash => Convert.ToHexStringLower(SHA256.HashData(content));

        private void Require(string found)
        {
            if (found != Hash)
            {
                throw DaemonErrors.FarDiffers(far.Target.ToString(), path, Hash, found);
            }
        }

        private Task<bool> OpenAsync(string what, SftpOpen how, Func<SftpFile, Task<bool>> work) =>
            far.TryAsync(
                what,
                path,
                async files =>
                {
                    var file = await files.OpenAsync(path, how, cancellation);
                    var done = await work(file);
                    await file.CloseAsync(cancellation);
                    return done;
                },
                cancellation
            );
    }
}
