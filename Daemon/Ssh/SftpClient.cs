namespace Backup.Daemon.Ssh;

/// <summary>Files on a far side, by SFTP version 3 and what OpenSSH adds to it. Paths are absolute, or from where a login begins.</summary>
/// <remarks>All may throw <see cref="SftpException"/> where the server refuses, and <see cref="SftpBrokenException"/> where the connection is over.</remarks>
internal sealed class SftpClient(SftpConnection connection)
{
    // A handle is opaque, at most so long by the protocol.
    private const int LongestHandle = 256;

    /// <summary>Whether a file can be made durable on the far side.</summary>
    internal bool CanSync => connection.Extensions.ContainsKey(SftpMessages.Sync);

    /// <summary>The path without what depends on where one stands; of <c>.</c> it is where a login begins.</summary>
    internal Task<string> RealPathAsync(string path, CancellationToken cancellation) =>
        connection.AskAsync(
            SftpMessages.RealPath,
            packet => packet.String(path),
            static (byte type, ref SftpReply reply) =>
            {
                SftpConnection.Want(SftpMessages.Name, type, ref reply);
                return reply.UInt32() == 1
                    ? reply.Text()
                    : throw new SftpBrokenException("several names for one path", isNonsense: true);
            },
            cancellation
        );

    /// <summary>Null where there is nothing of that name.</summary>
    internal async Task<SftpAttributes?> StatAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return await connection.AskAsync(
                SftpMessages.Stat,
                packet => packet.String(path),
                ReadAttributes,
                cancellation
            );
        }
        catch (SftpException missing) when (missing.Status == SftpStatus.NoSuchFile)
        {
            return null;
        }
    }

    /// <summary>Null where the server cannot tell.</summary>
    internal async Task<SftpSpace?> SpaceAsync(string path, CancellationToken cancellation)
    {
        if (!connection.Extensions.ContainsKey(SftpMessages.StatVfs))
        {
            return null;
        }

        try
        {
            return await connection.AskAsync(
                SftpMessages.Extended,
                packet => packet.String(SftpMessages.StatVfs).String(path),
                ReadSpace,
                cancellation
            );
        }
        catch (SftpException refused) when (refused.Status is SftpStatus.Unsupported or SftpStatus.Failure)
        {
            return null;
        }
    }

    internal async Task<SftpFile> OpenAsync(string path, SftpOpen how, CancellationToken cancellation)
    {
        // Only the owner may read what is made: it is somebody's data.
        const uint ownerOnly = 0x180;
        var handle = await connection.AskAsync(
            SftpMessages.Open,
            packet => packet.String(path).UInt32((uint)how).UInt32(SftpMessages.HasPermissions).UInt32(ownerOnly),
            static (byte type, ref SftpReply reply) =>
            {
                SftpConnection.Want(SftpMessages.Handle, type, ref reply);
                var handle = reply.String();
                return handle.Length <= LongestHandle
                    ? handle.ToArray()
                    : throw new SftpBrokenException($"a handle of {handle.Length} bytes", isNonsense: true);
            },
            cancellation
        );
        return new SftpFile(connection, handle, CanSync);
    }

    /// <summary>Makes the folder, open to its owner alone. One that is there is refused.</summary>
    internal Task MakeFolderAsync(string path, CancellationToken cancellation)
    {
        const uint ownerOnly = 0x1C0;
        return AskAsync(
            SftpMessages.MakeFolder,
            packet => packet.String(path).UInt32(SftpMessages.HasPermissions).UInt32(ownerOnly),
            cancellation
        );
    }

    internal Task RemoveAsync(string path, CancellationToken cancellation) =>
        AskAsync(SftpMessages.Remove, packet => packet.String(path), cancellation);

    /// <summary>Gives another name. One that is there is not replaced: the server refuses.</summary>
    internal Task RenameAsync(string from, string to, CancellationToken cancellation) =>
        AskAsync(SftpMessages.Rename, packet => packet.String(from).String(to), cancellation);

    /// <summary>Gives another name, in the place of what is there: in one step where the server can do it.</summary>
    internal async Task ReplaceAsync(string from, string to, CancellationToken cancellation)
    {
        if (connection.Extensions.ContainsKey(SftpMessages.PosixRename))
        {
            await AskAsync(
                SftpMessages.Extended,
                packet => packet.String(SftpMessages.PosixRename).String(from).String(to),
                cancellation
            );
            return;
        }

        if (await StatAsync(to, cancellation) is not null)
        {
            await RemoveAsync(to, cancellation);
        }

        await RenameAsync(from, to, cancellation);
    }

    private Task<bool> AskAsync(byte type, Action<SftpPacket> fill, CancellationToken cancellation) =>
        connection.AskAsync(type, fill, SftpConnection.Done, cancellation);

    internal static SftpAttributes ReadAttributes(byte type, ref SftpReply reply)
    {
        SftpConnection.Want(SftpMessages.Attributes, type, ref reply);
        return reply.Attributes();
    }

    private static SftpSpace ReadSpace(byte type, ref SftpReply reply)
    {
        SftpConnection.Want(SftpMessages.ExtendedReply, type, ref reply);
        _ = reply.UInt64(); // Block size.
        var fragment = reply.UInt64();
        var total = reply.UInt64();
        _ = reply.UInt64(); // Free, also for root.
        return new SftpSpace(Bytes(reply.UInt64(), fragment), Bytes(total, fragment));
    }

    private static long Bytes(ulong blocks, ulong size) =>
        (long)UInt128.Min((UInt128)blocks * size, (UInt128)long.MaxValue);
}
