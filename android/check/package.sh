#!/usr/bin/env bash
# Packs the app's resources, and later the whole app, with Debian's tools instead of Gradle.
#   package.sh resources   R.java and a resource archive for the tests
#   package.sh apk         a signed package of what Maven compiled
# TensorFlow Lite's libraries from Maven Central stand in for LiteRT's: they have the same classes, but
# do not support pages of 16 KB. The package shows that the parts fit together; it is not for phones.
set -euo pipefail
cd "$(dirname "$0")"
app=../app/src/main
made=target
sdk=$made/android/android-36.jar
# Debian's aapt2 cannot read that file's resources. Public resources keep their names and numbers.
framework=/usr/share/android-framework-res/framework-res.apk
value() { sed -n "s/^ *$1 = \"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" ../app/build.gradle.kts | head -n 1; }
id=$(value applicationId)

link() { # $1: the archive; then more options of aapt2
    # Gradle writes both values into the manifest too.
    sed -e "s/\${applicationId}/$id/" -e "s/<manifest /&package=\"$(value namespace)\" /" \
        $app/AndroidManifest.xml > $made/AndroidManifest.xml
    # Debian's aapt2 is older than <uses-native-library>. Every other warning is an error.
    aapt2 link -o "$1" --manifest $made/AndroidManifest.xml -I $framework -A $made/assets --auto-add-overlay \
        --min-sdk-version "$(value minSdk)" --target-sdk-version "$(value targetSdk)" \
        --version-code "$(value versionCode)" --version-name "$(value versionName)" \
        --warn-manifest-validation "${@:2}" $made/resources.zip 2> $made/aapt2.log || { cat $made/aapt2.log; exit 1; }
    if grep -v 'uses-native-library' $made/aapt2.log; then exit 1; fi
}

resources() {
    rm -rf $made/assets $made/r $made/robolectric
    mkdir -p $made/assets/models $made/r $made/robolectric/com/android/tools
    cp ../../models/pretrained/*_256.{tflite,json,png} $made/assets/models/
    aapt2 compile --dir $app/res -o $made/resources.zip
    link $made/resources.apk --java $made/r --debug-mode
    printf '%s\n' "android_resource_apk=$PWD/$made/resources.apk" "android_merged_assets=$PWD/$made/assets" \
        "android_merged_manifest=$PWD/$made/AndroidManifest.xml" "android_custom_package=$(value namespace)" \
        > $made/robolectric/com/android/tools/test_config.properties
}

apk() {
    rm -rf $made/apk && mkdir -p $made/apk/lib
    link $made/apk/app.apk --debug-mode
    (cd $made/classes && jar cf ../apk/app.jar .)
    java -cp $made/android/r8.jar com.android.tools.r8.D8 --debug --min-api "$(value minSdk)" --lib $sdk \
        --lib "$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")" \
        --output $made/apk $made/apk/app.jar $made/android/kotlin-stdlib.jar $made/aar/*.jar
    for library in tensorflow-lite tensorflow-lite-gpu; do
        (cd $made/apk && jar xf ../aar/$library.aar jni && cp -r jni/. lib/ && rm -r jni)
    done
    # Uncompressed libraries on page borders need no unpacking on phones.
    (cd $made/apk && jar uf app.apk classes*.dex && jar uf0 app.apk lib)
    zipalign -f -p 4 $made/apk/app.apk $made/apk/aligned.apk
    [ -f $made/debug.keystore ] || keytool -genkeypair -keystore $made/debug.keystore -storepass android \
        -alias debug -keyalg RSA -keysize 2048 -validity 10000 -dname CN=Debug > /dev/null 2>&1
    apksigner sign --ks $made/debug.keystore --ks-pass pass:android --out $made/dped.apk $made/apk/aligned.apk
    verify
}

verify() {
    zipalign -c -p 4 $made/dped.apk
    apksigner verify --min-sdk-version "$(value minSdk)" $made/dped.apk
    aapt dump badging $made/dped.apk > $made/badging.txt 2> /dev/null || true
    for said in "package: name='$id'" "sdkVersion:'24'" "targetSdkVersion:'36'" \
        "launchable-activity: name='dped.app.MainActivity'" "native-code: 'arm64-v8a'"; do
        grep -qF "$said" $made/badging.txt || { echo "The package does not contain: $said"; exit 1; }
    done
    jar tf $made/dped.apk > $made/contents.txt
    for model in $made/assets/models/*; do
        grep -q "^assets/models/$(basename "$model")$" $made/contents.txt || { echo "The package lacks $model"; exit 1; }
    done
    # The package must contain each class that the manifest and the layouts name.
    for class in $(grep -ohE 'dped\.app\.[A-Za-z]+' $app/AndroidManifest.xml $app/res/layout*/*.xml | sort -u); do
        grep -qaF "L${class//.//};" $made/apk/classes*.dex || { echo "The package lacks the class $class"; exit 1; }
    done
    echo "dped.apk: $(stat -c %s $made/dped.apk) bytes, signed, $(ls $made/assets/models | wc -l) assets"
}

"$1"
