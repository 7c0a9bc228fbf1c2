using System.Security.Cryptography;
using Backup.Daemon.Ssh;
using Backup.Foundation.Streams;

namespace Backup.Daemon.Pushes;

/// <summary>
/// Brings one file to the far side: into <c>PATH.part</c>, on from what is there, made durable, verified by its hash, and then given its name. Whatever is
/// cut on the way, a later attempt or a later push goes on from what the far side has.
/// </summary>
/// <param name="far">Where to.</param>
/// <param name="told">Told of phase, file and further bytes; a negative number takes some back.</param>
internal sealed class FileTransfer(FarSide far, Action<string, string, long> told)
{
    internal const string PartSuffix = ".part";

    // Enough to tell one content from another; the hash of the whole is compared in the end.
    private const int TailLength = 256 * 1024;

    // A second login for the far side's own hash costs more than to read so much: a backup may have thousands of small files.
    private const int CheapToRead = 1 << 20;

    /// <param name="path">On the far side.</param>
    /// <param name="write">Writes the content; called again, from its beginning, after a cut.</param>
    /// <param name="cancellation">Stops; what was sent stays.</param>
    /// <exception cref="Foundation.Errors.BackupException">9130 to 9143; those of reading the backup.</exception>
    internal async Task<PushedFile> PushAsync(
        string path,
        Func<Stream, CancellationToken, Task> write,
        CancellationToken cancellation
    )
    {
        var part = path + PartSuffix;
        Sent? sent = null;
        while (true)
        {
            sent ??= await FromThereAsync(path, part, write, cancellation);
            var found = sent.IsNamed ? path : part;
            told("verify", path, 0);
            var (hash, hashedThere) = await HashAsync(found, sent, cancellation);
            if (hash == sent.Sha256)
            {
                if (!sent.IsNamed)
                {
                    await NameAsync(part, path, cancellation);
                }

                return new PushedFile(path, sent.Length, hash)
                {
                    WasThere = sent.IsNamed,
                    Resumed = sent.Resumed,
                    HashedThere = hashedThere,
                    IsSynced = sent.IsSynced,
                };
            }

            if (sent.IsNamed)
            {
                throw DaemonErrors.FarAlreadyThere(far.Target.ToString(), path);
            }

            await far.TryAsync("removing", part, files => RemoveAsync(files, part, cancellation), cancellation);
            if (sent.Resumed == 0)
            {
                throw DaemonErrors.FarDiffers(far.Target.ToString(), path, sent.Sha256, hash);
            }

            // What an earlier push had left was of something else, or was damaged since: all of it is sent now.
            told("send", path, -sent.Length);
            sent = null;
        }
    }

    /// <summary>Writes a small file in the place of what is there, in one step where the server can do it.</summary>
    internal Task PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var part = path + PartSuffix;
        return far.TryAsync(
            "writing",
            path,
            async files =>
            {
                var file = await files.OpenAsync(
                    part,
                    SftpOpen.Write | SftpOpen.Create | SftpOpen.Truncate,
                    cancellation
                );
                await file.WriteAsync(0, content, cancellation);
                _ = await file.SyncAsync(cancellation);
                await file.CloseAsync(cancellation);
                await files.ReplaceAsync(part, path, cancellation);
            },
            cancellation
        );
    }

    /// <summary>Removes a file; one that is not there is no failure.</summary>
    internal static async Task RemoveAsync(SftpClient files, string path, CancellationToken cancellation)
    {
        try
        {
            await files.RemoveAsync(path, cancellation);
        }
        catch (SftpException missing) when (missing.Status == SftpStatus.NoSuchFile)
        {
            // An answer that was lost.
        }
    }

    private async Task<Sent> FromThereAsync(
        string path,
        string part,
        Func<Stream, CancellationToken, Task> write,
        CancellationToken cancellation
    )
    {
        var known = 0L;
        var counted = 0L;
        return await far.TryAsync(
            "writing",
            path,
            async files =>
            {
                told("send", path, -counted);
                counted = 0;
                if (await files.StatAsync(path, cancellation) is { } named)
                {
                    return await MeasureAsync(named, path, write, Told, cancellation);
                }

                while (true)
                {
                    var file = await files.OpenAsync(
                        part,
                        SftpOpen.Read | SftpOpen.Write | SftpOpen.Create,
                        cancellation
                    );
                    var there = await LengthAsync(file, cancellation);
                    if (there > known)
                    {
                        known = there;
                        far.Progressed();
                    }

                    if (await SendAsync(file, there, write, Told, cancellation) is { } sent)
                    {
                        return sent;
                    }

                    told("send", path, -counted);
                    counted = 0;
                    await file.SetLengthAsync(0, cancellation);
                    await file.CloseAsync(cancellation);
                }
            },
            cancellation
        );

        void Told(long bytes)
        {
            counted += bytes;
            told("send", path, bytes);
        }
    }

    /// <summary>Null where what is there is of something else.</summary>
    private static async Task<Sent?> SendAsync(
        SftpFile file,
        long there,
        Func<Stream, CancellationToken, Task> write,
        Action<long> told,
        CancellationToken cancellation
    )
    {
        var tail = new byte[Math.Min(there, TailLength)];
        for (var at = 0; at < tail.Length; )
        {
            var read = await file.ReadAsync(there - tail.Length + at, tail.AsMemory(at), cancellation);
            at += read > 0 ? read : throw new SftpBrokenException("the partial file became shorter while it was read");
        }

        await using var stream = new ResumedStream(file, there, tail, told);
        try
        {
            await write(stream, cancellation);
        }
        catch (PartDiffersException)
        {
            return null;
        }

        if (stream.Position < there)
        {
            return null;
        }

        var isSynced = await file.SyncAsync(cancellation);
        var length = await LengthAsync(file, cancellation);
        await file.CloseAsync(cancellation);
        return length == stream.Position
            ? new Sent(length, stream.Sha256, there, isSynced)
            : throw new SftpBrokenException($"{length} bytes are there, {stream.Position} were sent");
    }

    /// <summary>A file of that name is there: whether it is the same is told by its hash.</summary>
    private async Task<Sent> MeasureAsync(
        SftpAttributes named,
        string path,
        Func<Stream, CancellationToken, Task> write,
        Action<long> told,
        CancellationToken cancellation
    )
    {
        await using var measured = new MeasuringStream(told);
        await write(measured, cancellation);
        return named.Size == measured.Position && !named.IsFolder
            ? new Sent(measured.Position, measured.Sha256, 0, IsSynced: true) { IsNamed = true }
            : throw DaemonErrors.FarAlreadyThere(far.Target.ToString(), path);
    }

    private async Task<(string Hash, bool HashedThere)> HashAsync(
        string path,
        Sent sent,
        CancellationToken cancellation
    )
    {
        // A shell that sees other folders than the file service does finds nothing, or another file: then it is read.
        if (sent.Length > CheapToRead && await far.OwnHashAsync(path, sent.Length, cancellation) == sent.Sha256)
        {
            return (sent.Sha256, true);
        }

        var read = await far.TryAsync(
            "reading",
            path,
            files => FarReader.HashAsync(files, path, cancellation),
            cancellation
        );
        return (read, false);
    }

    private Task NameAsync(string part, string path, CancellationToken cancellation) =>
        far.TryAsync(
            "renaming",
            part,
            async files =>
            {
                if (await files.StatAsync(part, cancellation) is null)
                {
                    // Renamed already, by an attempt whose answer was lost.
                    return;
                }

                try
                {
                    await files.RenameAsync(part, path, cancellation);
                }
                catch (SftpException refused) when (refused.Status == SftpStatus.Failure)
                {
                    // Either somebody made a file of that name meanwhile, or the file system knows only the other way to rename.
                    if (await files.StatAsync(path, cancellation) is not null)
                    {
                        throw DaemonErrors.FarAlreadyThere(far.Target.ToString(), path);
                    }

                    await files.ReplaceAsync(part, path, cancellation);
                }
            },
            cancellation
        );

    private static async Task<long> LengthAsync(SftpFile file, CancellationToken cancellation) =>
        (await file.StatAsync(cancellation)).Size
        ?? throw new SftpBrokenException("the server does not tell how long a file is", isNonsense: true);

    /// <param name="Length">Of all of it.</param>
    /// <param name="Sha256">Of all of it, as it is here.</param>
    /// <param name="Resumed">How much of it was there before.</param>
    /// <param name="IsSynced">The far side has it on its disk.</param>
    private sealed record Sent(long Length, string Sha256, long Resumed, bool IsSynced)
    {
        /// <summary>It was there under its name.</summary>
        internal bool IsNamed { get; init; }
    }

    /// <summary>Hashes what is written, and keeps nothing.</summary>
    private sealed class MeasuringStream(Action<long> told) : WriteOnlyStream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long _position;

        public override long Length => _position;

        internal string Sha256 => Convert.ToHexStringLower(_hash.GetCurrentHash());

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _hash.AppendData(buffer);
            _position += buffer.Length;
            told(buffer.Length);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _hash.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
