using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backup.Foundation.Files;

/// <summary>
/// Hands an open file to another process on this machine over a Unix socket (SCM_RIGHTS, unix(7)): the other one writes with the right of the one that
/// opened it, and no byte of it goes through the socket. On Linux alone.
/// </summary>
public static unsafe partial class PassedFile
{
    private const int SocketLevel = 1; // SOL_SOCKET
    private const int Rights = 1; // SCM_RIGHTS
    private const int NoSignal = 0x4000; // MSG_NOSIGNAL
    private const int CloseOnExec = 0x4000_0000; // MSG_CMSG_CLOEXEC
    private const int Truncated = 0x08; // MSG_CTRUNC
    private const int Interrupted = 4; // EINTR

    /// <summary>Whether this system can.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Sends a few bytes, and the file with them.</summary>
    /// <param name="socket">Connected, blocking.</param>
    /// <param name="message">At least one byte; sent whole.</param>
    /// <param name="file">Stays open here too.</param>
    /// <exception cref="IOException">Nobody takes it.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> message, SafeFileHandle file)
    {
        var isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            fixed (byte* bytes = message)
            {
                var part = new IoVector { Start = bytes, Length = (nuint)message.Length };
                var control = Control.Of((int)file.DangerousGetHandle());
                var header = Header(&part, &control);
                Check(SendMessage((int)socket.Handle, &header, NoSignal), message.Length, "sendmsg");
            }
        }
        finally
        {
            if (isHeld)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>Receives what <see cref="Send"/> sent; waits for nothing: call it when the socket can be read.</summary>
    /// <param name="socket">Connected.</param>
    /// <param name="message">Filled as far as bytes came.</param>
    /// <param name="received">How many.</param>
    /// <returns>The file; null where none came with the bytes.</returns>
    /// <exception cref="IOException">The connection failed.</exception>
    public static SafeFileHandle? Receive(Socket socket, Span<byte> message, out int received)
    {
        fixed (byte* bytes = message)
        {
            var part = new IoVector { Start = bytes, Length = (nuint)message.Length };
            var control = default(Control);
            var header = Header(&part, &control);
            received = (int)Check(ReceiveMessage((int)socket.Handle, &header, CloseOnExec), null, "recvmsg");
            var isFile = header.ControlLength >= Control.Used && control.Level == SocketLevel && control.Type == Rights;
            var file = isFile ? new SafeFileHandle(control.Descriptor, ownsHandle: true) : null;
            if ((header.Flags & Truncated) != 0)
            {
                file?.Dispose();
                throw new IOException("More than one file was passed.");
            }

            return file;
        }
    }

    private static MessageHeader Header(IoVector* part, Control* control) =>
        new()
        {
            Parts = part,
            PartCount = 1,
            Control = control,
            ControlLength = (nuint)sizeof(Control),
        };

    private static nint Check(nint result, int? wanted, string call) =>
        result < 0 ? throw new IOException($"{call}: errno {Marshal.GetLastPInvokeError()}")
        : wanted is { } all && result != all ? throw new IOException($"{call}: {result} of {all} bytes")
        : result;

    private static nint SendMessage(int socket, MessageHeader* message, int flags)
    {
        nint sent;
        do
        {
            sent = Sendmsg(socket, message, flags);
        } while (sent < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        return sent;
    }

    private static nint ReceiveMessage(int socket, MessageHeader* message, int flags)
    {
        nint received;
        do
        {
            received = Recvmsg(socket, message, flags);
        } while (received < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        return received;
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint Sendmsg(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint Recvmsg(int socket, MessageHeader* message, int flags);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        internal byte* Start;
        internal nuint Length;
    }

    /// <summary>struct msghdr of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        internal void* Name;
        internal uint NameLength;
        internal IoVector* Parts;
        internal nuint PartCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    /// <summary>struct cmsghdr with one descriptor behind it, padded as CMSG_SPACE does.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Control
    {
        /// <summary>CMSG_LEN of one descriptor.</summary>
        internal const int Used = 20;

        internal nuint Length;
        internal int Level;
        internal int Type;
        internal int Descriptor;
        internal int Padding;

        internal static Control Of(int descriptor) =>
            new()
            {
                Length = Used,
                Level = SocketLevel,
                Type = Rights,
                Descriptor = descriptor,
            };
    }
}
