namespace Backup.MongoWire.Uri;

/// <summary>Which mechanism wants what. Source: the driver specification "auth".</summary>
internal static class CredentialRules
{
    private const string External = "$external";

    internal static MongoCredential? Build(string? user, string? password, string? database, UriOptions options)
    {
        var mechanism = options.Values.GetValueOrDefault("authMechanism") as string;
        var source = options.Values.GetValueOrDefault("authSource") as string;
        var properties =
            options.Values.GetValueOrDefault("authMechanismProperties") as Dictionary<string, string> ?? [];
        if (mechanism is null && user is null)
        {
            return null;
        }

        return mechanism switch
        {
            null or "SCRAM-SHA-1" or "SCRAM-SHA-256" => Named(source ?? database ?? "admin"),
            "PLAIN" => Named(source ?? database ?? External),
            "GSSAPI" => Kerberos(),
            "MONGODB-X509" => Certificate(),
            "MONGODB-AWS" => throw MongoWireErrors.Refused(mechanism, "a backup logs in as a user of the database"),
            "MONGODB-OIDC" => throw MongoWireErrors.Refused(mechanism, "a backup runs without a person at a browser"),
            _ => throw MongoWireErrors.Refused("this authMechanism", "it is unknown"),
        };

        MongoCredential Named(string from) =>
            string.IsNullOrEmpty(user)
                ? throw MongoWireErrors.BadUri("the user name is missing")
                : new MongoCredential
                {
                    Username = user,
                    Password = password,
                    Source = from,
                    Mechanism = mechanism,
                    MechanismProperties = properties,
                };

        MongoCredential Kerberos()
        {
            CheckExternal();
            var canonicalize = properties.GetValueOrDefault("CANONICALIZE_HOST_NAME", "none");
            if (canonicalize is not ("none" or "forward" or "forwardAndReverse" or "true" or "false"))
            {
                throw MongoWireErrors.BadUri("CANONICALIZE_HOST_NAME is none of none, forward, forwardAndReverse");
            }

            properties.TryAdd("SERVICE_NAME", "mongodb");
            return Named(External);
        }

        MongoCredential Certificate()
        {
            CheckExternal();
            return password is null
                ? new MongoCredential
                {
                    Username = user,
                    Source = External,
                    Mechanism = mechanism,
                }
                : throw MongoWireErrors.BadUri("MONGODB-X509 takes no password");
        }

        void CheckExternal()
        {
            if (source is not (null or External))
            {
                throw MongoWireErrors.BadUri($"{mechanism} takes authSource=$external only");
            }
        }
    }
}
