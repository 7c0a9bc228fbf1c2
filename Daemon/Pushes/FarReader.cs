using System.Security.Cryptography;
using Backup.Daemon.Ssh;

namespace Backup.Daemon.Pushes;

/// <summary>Reads files of the far side back, several requests ahead.</summary>
internal static class FarReader
{
    private const int Ahead = 32;

    /// <summary>SHA-256 of the whole file, in hex.</summary>
    internal static async Task<string> HashAsync(SftpClient files, string path, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var file = await files.OpenAsync(path, SftpOpen.Read, cancellation);
        var buffers = Enumerable.Range(0, Ahead).Select(static _ => new byte[SftpFile.BlockLength]).ToArray();
        var reads = new Task<int>[Ahead];
        for (var i = 0; i < Ahead; i++)
        {
            reads[i] = file.ReadAsync((long)i * SftpFile.BlockLength, buffers[i], cancellation);
        }

        for (var block = 0L; ; block++)
        {
            var slot = (int)(block % Ahead);
            var length = await reads[slot];
            // A server may give less than was asked for: the rest is asked for again.
            while (length is > 0 and < SftpFile.BlockLength)
            {
                var at = (block * SftpFile.BlockLength) + length;
                var more = await file.ReadAsync(at, buffers[slot].AsMemory(length), cancellation);
                if (more == 0)
                {
                    break;
                }

                length += more;
            }

            hash.AppendData(buffers[slot].AsSpan(0, length));
            if (length < SftpFile.BlockLength)
            {
                break;
            }

            reads[slot] = file.ReadAsync((block + Ahead) * SftpFile.BlockLength, buffers[slot], cancellation);
        }

        // What was asked for beyond the end has been answered before the file is closed: the protocol keeps its order for one file.
        await Task.WhenAll(reads).WaitAsync(cancellation);
        await file.CloseAsync(cancellation);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>The whole of a small file; null where it is not there.</summary>
    /// <exception cref="SftpException">It is longer than that, or cannot be read.</exception>
    internal static async Task<byte[]?> AllAsync(
        SftpClient files,
        string path,
        int most,
        CancellationToken cancellation
    )
    {
        if (await files.StatAsync(path, cancellation) is null)
        {
            return null;
        }

        var file = await files.OpenAsync(path, SftpOpen.Read, cancellation);
        using var content = new MemoryStream();
        var buffer = new byte[SftpFile.BlockLength];
        while (await file.ReadAsync(content.Length, buffer, cancellation) is var read and > 0)
        {
            content.Write(buffer, 0, read);
            if (content.Length > most)
            {
                throw new SftpException(SftpStatus.Failure, $"it is longer than {most} bytes");
            }
        }

        await file.CloseAsync(cancellation);
        return content.ToArray();
    }
}
