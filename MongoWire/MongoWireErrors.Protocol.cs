using Backup.Foundation.Errors;

namespace Backup.MongoWire;

public static partial class MongoWireErrors
{
    public const int MalformedMessage = 2010;
    public const int MessageTooLarge = 2011;
    public const int ChecksumMismatch = 2012;
    public const int UnknownMessage = 2013;

    private const string PeerHint =
        "The peer speaks another protocol or the network damages data: check that the port is a MongoDB port and whether TLS is expected on it.";

    public static BackupException BadMessage(string what, Exception? inner = null) =>
        new(MalformedMessage, $"Malformed wire message: {what}.", PeerHint, inner: inner);

    public static BackupException TooLarge(long length, int limit) =>
        new(MessageTooLarge, $"A wire message of {length} bytes; {limit} are allowed.", PeerHint);

    public static BackupException BadChecksum(uint stated, uint computed) =>
        new(
            ChecksumMismatch,
            $"A wire message was damaged on its way: CRC-32C {computed:x8}, {stated:x8} was announced.",
            "The network or a proxy damages data: look for errors of its interfaces; the command is sent again.",
            transient: true
        );

    public static BackupException Unknown(string what) =>
        new(UnknownMessage, $"A wire message of a kind that is not spoken here: {what}.", PeerHint);
}
