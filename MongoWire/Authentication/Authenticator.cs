using System.Text;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Authentication;

/// <summary>Logs a connection in. Source: the driver specification "auth".</summary>
internal static class Authenticator
{
    private const int MaxSteps = 8;

    /// <exception cref="BackupException">2120 wrong user or password, 2121 no mechanism, 2122 the server is not genuine.</exception>
    internal static Task LogInAsync(
        MongoConnection connection,
        MongoCredential credential,
        CancellationToken cancellation
    )
    {
        var mechanism = credential.Mechanism ?? Negotiated(connection.Hello.View);
        return mechanism switch
        {
            "MONGODB-X509" => X509Async(connection, credential, cancellation),
            "PLAIN" => PlainAsync(connection, credential, cancellation),
            _ when ScramMechanism.Find(mechanism) is { } scram => ScramAsync(
                connection,
                credential,
                scram,
                cancellation
            ),
            _ => throw MongoWireErrors.NoMechanism(connection.Host, $"{mechanism} is not spoken here"),
        };
    }

    /// <summary>The stronger SCRAM that the user has; SHA-1 where the server does not say.</summary>
    private static string Negotiated(BsonView hello) =>
        RawFields.Texts(hello, "saslSupportedMechs"u8).Contains("SCRAM-SHA-256", StringComparer.Ordinal)
            ? "SCRAM-SHA-256"
            : "SCRAM-SHA-1";

    private static async Task ScramAsync(
        MongoConnection connection,
        MongoCredential credential,
        ScramMechanism mechanism,
        CancellationToken cancellation
    )
    {
        var user = credential.Username!;
        var password =
            credential.Password ?? throw MongoWireErrors.BadPassword("the connection string has no password");
        var prepared = ScramKeys.PreparePassword(mechanism, user, password);
        var scram = new ScramClient(mechanism, user, prepared, ScramKeys.Nonce());
        var first = await SendAsync(connection, credential.Source, Start(mechanism.Name, scram.First()), cancellation);
        var final = await SendAsync(
            connection,
            credential.Source,
            Continue(first.Id, scram.Final(first.Payload)),
            cancellation
        );
        scram.Verify(final.Payload);
        for (var step = 0; !final.Done; step++)
        {
            if (step == MaxSteps)
            {
                throw MongoWireErrors.NotGenuine("it never says that it is done");
            }

            final = await SendAsync(connection, credential.Source, Continue(final.Id, []), cancellation);
        }
    }

    private static async Task PlainAsync(
        MongoConnection connection,
        MongoCredential credential,
        CancellationToken cancellation
    )
    {
        var payload = Encoding.UTF8.GetBytes($"\0{credential.Username}\0{credential.Password}");
        var answer = await SendAsync(connection, credential.Source, Start("PLAIN", payload), cancellation);
        if (!answer.Done)
        {
            throw MongoWireErrors.NoMechanism(connection.Host, "PLAIN was not finished by the server");
        }
    }

    private static async Task X509Async(
        MongoConnection connection,
        MongoCredential credential,
        CancellationToken cancellation
    )
    {
        var command = BsonDocument.Build(authenticate =>
        {
            authenticate.Int32("authenticate"u8, 1).String("mechanism"u8, "MONGODB-X509");
            if (credential.Username is { } subject)
            {
                authenticate.String("user"u8, subject);
            }
        });
        using var reply = await connection.RunCommandAsync("$external", command, cancellation);
    }

    private static BsonDocument Start(string mechanism, byte[] payload) =>
        BsonDocument.Build(start =>
            start
                .Int32("saslStart"u8, 1)
                .String("mechanism"u8, mechanism)
                .Binary("payload"u8, payload)
                .Int32("autoAuthorize"u8, 1)
                .BeginDocument("options"u8)
                .Boolean("skipEmptyExchange"u8, true)
                .EndDocument()
        );

    private static BsonDocument Continue(int conversation, byte[] payload) =>
        BsonDocument.Build(next =>
            next.Int32("saslContinue"u8, 1).Int32("conversationId"u8, conversation).Binary("payload"u8, payload)
        );

    private static async Task<(int Id, bool Done, byte[] Payload)> SendAsync(
        MongoConnection connection,
        string database,
        BsonDocument command,
        CancellationToken cancellation
    )
    {
        using var reply = await connection.RunCommandAsync(database, command, cancellation);
        var view = reply.View;
        return (
            RawFields.Number(view, "conversationId"u8),
            RawFields.Flag(view, "done"u8),
            view["payload"u8].AsBinary.ToArray()
        );
    }
}
