using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Backup.Foundation.Files;

/// <summary>
/// The address of a Unix socket in a folder. Its path may have 107 bytes only, a folder's may be longer: so the folder is opened, and the
/// socket is named through the descriptor.
/// </summary>
public sealed partial class FolderSocket : IDisposable
{
    private const int Directory = 0x10000; // O_DIRECTORY
    private readonly int _descriptor;

    /// <param name="folder">Where the socket is.</param>
    /// <param name="name">Its file name.</param>
    public FolderSocket(string folder, string name)
    {
        Path = System.IO.Path.Combine(folder, name);
        _descriptor = Open(folder, Directory);
        Address = _descriptor >= 0 ? $"/proc/self/fd/{_descriptor}/{name}" : Path;
    }

    public string Path { get; }

    /// <summary>What to bind or connect to; valid until disposed.</summary>
    public string Address { get; }

    public UnixDomainSocketEndPoint EndPoint => new(Address);

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Close(_descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
