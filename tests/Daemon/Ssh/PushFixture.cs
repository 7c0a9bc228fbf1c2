using System.Diagnostics;
using Backup.Daemon.Pushes;
using Backup.Daemon.Restores;
using Backup.Daemon.Ssh;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Reading;
using Backup.Tests.Support;

namespace Backup.Tests.Daemon.Ssh;

/// <summary>Content that is made up as it is read, the same each time, and what pushes it.</summary>
internal sealed class PushFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal PushFixture()
    {
        Tools = new SshTools(_folder.File("secrets"), TimeProvider.System);
        Pushes = new PushService(Tools, TimeProvider.System);
    }

    internal SshTools Tools { get; }

    internal PushService Pushes { get; }

    internal static PushOptions Options { get; } =
        new() { Pauses = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(200), 5)] };

    internal string SecretsFolder => _folder.File("secrets");

    /// <summary>What lies unsealed in memory now.</summary>
    internal static string[] Unsealed() => Directory.GetDirectories("/dev/shm", "backup-ssh-*");

    /// <summary>A target that the server lets in by a key of its own.</summary>
    internal async Task<SshTarget> TargetAsync(SshdUnderTest server)
    {
        var key = await Tools.MakeKeyAsync("test");
        server.Authorize(key.PublicLine);
        return new SshTarget(
            "vault",
            new SshAddress(SshdUnderTest.User, "127.0.0.1", server.Port),
            server.Folder,
            SshHostKey.Parse(server.HostKey),
            new SshLogin(key.PrivateKey, null)
        );
    }

    /// <summary>Documents that do not repeat themselves.</summary>
    internal static OpenRestore Restore(int documents, int seed = 1, Func<Task>? each = null)
    {
        ExportItem Item(string database, string name, int count) =>
            new(
                database,
                name,
                name,
                BsonDocument.Build(static _ => { }),
                [],
                new Guid(seed, 0, 0, new byte[8]),
                ExportItem.Collection
            )
            {
                Open = () => new MadeUp(count, seed, each),
            };

        var content = new ExportContent(
            [Item("shop", "orders", documents), Item("shop", "it's \"odd\" % /", 10), Item("hr", "staff", 100)],
            "4.2.4",
            DateTimeOffset.UnixEpoch,
            documents * 1000L
        );
        return new OpenRestore(content, null, new Optime(1_700_000_000, 3), RestoreFormat.Archive, []);
    }

    /// <summary>As it is written to a file here.</summary>
    internal static async Task<byte[]> ArchiveAsync(int documents, int seed = 1)
    {
        await using var restore = Restore(documents, seed);
        using var output = new MemoryStream();
        await restore.WriteAsync(output);
        return output.ToArray();
    }

    /// <summary>The judge of hashes: coreutils.</summary>
    internal static (int ExitCode, string Output) CheckSums(string folder)
    {
        using var check = Process.Start(
            new ProcessStartInfo("sha256sum", ["-c", "--strict", "SHA256SUMS"])
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
            }
        )!;
        var output = check.StandardOutput.ReadToEnd();
        check.WaitForExit();
        return (check.ExitCode, output);
    }

    public void Dispose() => _folder.Dispose();

    private sealed class MadeUp(int count, int seed, Func<Task>? each) : DocumentCursor
    {
        private readonly Random _random = new(seed);
        private BsonDocument _current;
        private int _next;

        public override ReadOnlyMemory<byte> Current => _current.Memory;

        public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
        {
            if (_next == count)
            {
                return false;
            }

            if (each is not null)
            {
                await each();
            }

            var filler = new byte[950];
            _random.NextBytes(filler);
            var text = Convert.ToBase64String(filler)[..950];
            var number = _next++;
            _current = BsonDocument.Build(w => w.Int32("_id"u8, number).String("x"u8, text));
            return true;
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
